#!/usr/bin/env python3
"""How many bytes a value takes on the disk once it is compacted, and a row in the log before.

    bench/storage_size.py [--program build/release/bin/stria] [--results FILE]

Each set is written to a server of its own over two connections and compacted; then all bytes of all part files of a
table are divided by its field values that are not NULL. The cpu and IoT sets are the reference sets below
STRIA_TEST_DATA where they are, else made here as long as those; the doubles are 100 hosts for a day.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import report
import stria_server

# Of each table: at most so many bytes a value.
SETS = [
    ("cpu-100h-3d.lp.zst", ["--workload", "cpu-only", "--duration", "3d"], {"cpu": 0.42}),
    ("iot-100t-1d.lp.zst", ["--workload", "iot", "--duration", "1d"], {"readings": 0.68, "diagnostics": 0.48}),
    ("doubles of two decimals", ["--workload", "cpu-only", "--float-decimals", "2"], {"cpu": 1.30}),
]
MAX_LOG_BYTES = 20


def source(name, words, bench, directory):
    """The file of a set, made now where it is not at hand."""
    base = pathlib.Path(os.environ.get("STRIA_TEST_DATA") or report.ROOT.parent / "shared" / "data")
    if (base / "tsbs" / name).exists():
        return base / "tsbs" / name
    path = pathlib.Path(directory) / "set.lp.zst"
    subprocess.run([bench, "generate", *words, "-o", path], check=True, capture_output=True)
    return path


def values(server, table):
    """Field values of a table that are not NULL."""
    columns = server.sql(f"SELECT column FROM system.columns WHERE table = '{table}' AND role = 'field'", "sizes")["rows"]
    counts = ", ".join(f'count("{column}")' for (column,) in columns)
    return sum(server.sql(f"SELECT {counts} FROM {table}", "sizes")["rows"][0])


def measure(program):
    """Yields (set, table, rows, values, bytes a value, most, log bytes a row)."""
    bench = pathlib.Path(program).with_name("stria-bench")
    for name, words, tables in SETS:
        with tempfile.TemporaryDirectory() as directory, stria_server.Server() as server:
            done = subprocess.run([bench, "load", "-H", "http://" + server.host, "-d", "sizes", "--compact", "--json",
                                   source(name, words, bench, directory)], capture_output=True, text=True, check=True)
            log = json.loads(done.stdout)["wal_bytes_per_row"]
            for table, most in tables.items():
                (bytes_of, rows), = server.sql(f"SELECT sum(bytes), sum(rows) FROM system.parts WHERE table = '{table}'",
                                               "sizes")["rows"]
                count = values(server, table)
                yield name, table, rows, count, bytes_of / count, most, log


def report_lines(program, over):
    yield from report.heading("bench/storage_size.py")
    yield f"{'set':25} {'table':12} {'rows':>9} {'values':>11} {'bytes a value':>13} {'at most':>8} {'log bytes a row':>16}"
    for name, table, rows, count, size, most, log in measure(program):
        yield f"{name:25} {table:12} {rows:9} {count:11} {size:13.3f} {most:8.2f} {log:16.1f}"
        over += [f"{table} of {name}: {size:.3f} bytes a value"] if size > most else []
        over += [f"{name}: {log} bytes of log a row"] if log > MAX_LOG_BYTES else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_flags(parser)
    options = parser.parse_args()
    stria_server.STRIA = options.program
    over = []
    report.write(report_lines(options.program, over), options.results)
    if over:
        sys.exit("over the limit: " + "; ".join(over))


if __name__ == "__main__":
    main()
