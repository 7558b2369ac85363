#!/usr/bin/env python3
"""What many series cost: memory of the index, a restart, ingest and queries.

    bench/series_scale.py [--series 100k,1M,10M] [--rows 2] [--program build/release/bin/stria] [--results FILE]

A series has four tags and 64 bytes of key, `dc=dc-07,host=server-01234567,rack=rack-0123,service=checkout-12`, in which
the host is its own; each gets --rows rows of two fields, tick by tick. Each number of series has a server of its own,
which is loaded, flushed and compacted, killed with SIGKILL, started again and asked. Ingest has two senders of bodies of
20,000 rows, made while they are sent on the same machine: rows/s is a lower bound, server CPU is not. CPU counts from
the first byte until the flush has returned. Memory is VmRSS and VmHWM of /proc/<pid>/status.
"""

import argparse
import http.client
import json
import multiprocessing
import pathlib
import re
import statistics
import sys
import time
import urllib.parse

import report
import stria_server
from report import cpu_seconds

BATCH = 20_000
SENDERS = 2
START_NS = 1_700_000_000 * 10**9
TICK_NS = 10 * 10**9
MAX_INDEX_BYTES = 10**9
MAX_RESIDENT_BYTES = 15 * 10**8


def tags(i):
    return f"dc=dc-{i % 10:02},host=server-{i:08},rack=rack-{i // 40 % 2500:04},service=checkout-{i % 40:02}"


def body(tick, first, end):
    time_ns = START_NS + tick * TICK_NS
    return "\n".join([f"m,{tags(i)} load={i % 97}i,temperature={i % 60 + tick}.5 {time_ns}" for i in range(first, end)])


def send(host, num_series, rows, share):
    connection = http.client.HTTPConnection(host, timeout=600)
    for tick in range(rows):
        for batch, first in enumerate(range(0, num_series, BATCH)):
            if batch % SENDERS != share:
                continue
            for _ in range(100):
                connection.request("POST", "/write?db=scale", body(tick, first, min(first + BATCH, num_series)))
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 503:
                    break
                time.sleep(float(answer.getheader("Retry-After", "1")))
            if answer.status // 100 != 2:
                sys.exit(f"{answer.status} {text[:300]}")


class Refused(Exception):
    """The server answered with an error."""


def memory(pid, key):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(key + r":\s+(\d+)", text).group(1)) * 1024


def ask(server, sql):
    """Milliseconds as the client sees them, and the rows."""
    target = "/api/v1/sql?" + urllib.parse.urlencode({"q": sql, "db": "scale"})
    connection = http.client.HTTPConnection(server.host, timeout=600)
    started = time.perf_counter()
    connection.request("GET", target)
    answer = connection.getresponse()
    text = answer.read()
    taken = (time.perf_counter() - started) * 1000
    if answer.status != 200:
        raise Refused(f"{answer.status} {text.decode(errors='replace')[:200]}")
    return taken, json.loads(text)["rows"]


def questions(num_series):
    host = num_series // 2 + 7
    return [
        ("one host", f"SELECT * FROM m WHERE host = 'server-{host:08}'", None),
        ("newest row of a host", f"SELECT * FROM m WHERE host = 'server-{host:08}' ORDER BY time DESC LIMIT 1", 1),
        ("one rack, mean by service", "SELECT service, avg(temperature) FROM m WHERE rack = 'rack-0042' GROUP BY service", None),
        ("hosts LIKE", f"SELECT count(*) FROM m WHERE host LIKE 'server-{host // 10:07}%'", 1),
        ("all, mean by dc", "SELECT dc, avg(temperature), count(*) FROM m GROUP BY dc", 10),
        ("distinct hosts", "SELECT count(*) FROM (SELECT DISTINCT host FROM m) AS hosts", 1),
    ]


def post(server, path):
    status, _, text = server.request("POST", path, timeout=3600)
    if status // 100 != 2:
        sys.exit(f"{path}: {status} {text[:300]}")


def directory_bytes(path):
    return sum(file.stat().st_size for file in pathlib.Path(path).rglob("*") if file.is_file())


def measure(options, num_series):
    """Yields the lines of the report about one number of series."""
    yield f"{num_series:,} series"
    with stria_server.Server() as server:
        pid = server.process.pid
        before, started = cpu_seconds(pid), time.perf_counter()
        senders = [multiprocessing.Process(target=send, args=(server.host, num_series, options.rows, share)) for share in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        if any(sender.exitcode for sender in senders):
            sys.exit("a sender failed")
        taken = time.perf_counter() - started
        server.flush()
        cpu, num_rows = cpu_seconds(pid) - before, num_series * options.rows
        written = memory(pid, "VmRSS")
        yield (f"  ingest: {num_rows:,} rows, {num_rows / taken:,.0f} rows/s, server CPU {cpu / num_rows * 1e6:.2f} us a row; "
               f"resident {written / 1e6:,.0f} MB, at most {memory(pid, 'VmHWM') / 1e6:,.0f} MB")
        before = cpu_seconds(pid)
        post(server, "/api/v1/compact")
        yield (f"  compaction: server CPU {(cpu_seconds(pid) - before) / num_rows * 1e6:.2f} us a row; "
               f"resident {memory(pid, 'VmRSS') / 1e6:,.0f} MB, at most {memory(pid, 'VmHWM') / 1e6:,.0f} MB; "
               f"part files {directory_bytes(server.data + '/shard/0/part') / 1e6:,.0f} MB, "
               f"series files {directory_bytes(server.data + '/shard/0/series') / 1e6:,.0f} MB")
        server.kill()
        started = time.perf_counter()
        server.start()
        wall, pid = time.perf_counter() - started, server.process.pid
        yield (f"  restart: {wall:.2f} s, CPU {cpu_seconds(pid):.2f} s (at most {1 + 0.3 * num_series / 1e6:.1f} s); "
               f"resident {memory(pid, 'VmRSS') / 1e6:,.0f} MB")
        shown = False
        for name, sql, num_answers in questions(num_series):
            try:
                first, rows = ask(server, sql)
            except Refused as error:
                yield f"  {name}: refused: {error}"
                continue
            except (http.client.HTTPException, OSError):
                yield f"  {name}: the server ended, exit code {server.process.wait(60)}"
                return
            if not rows or (num_answers and len(rows) != num_answers):
                sys.exit(f"{sql}: {len(rows)} rows")
            resident = memory(pid, "VmRSS")
            limit = "" if shown else f" (at most {MAX_RESIDENT_BYTES / 1e6:,.0f} MB)"
            again = statistics.median(ask(server, sql)[0] for _ in range(options.runs))
            yield f"  {name}: first {first:,.1f} ms, then {again:,.1f} ms; resident {resident / 1e6:,.0f} MB{limit}"
            if not shown:
                shown = True
                index = sum(row[0] for row in server.sql("SELECT series_bytes FROM system.shards")["rows"])
                yield f"  index: {index / 1e6:,.1f} MB, {index / num_series:.1f} bytes a series (at most {MAX_INDEX_BYTES / 1e6:,.0f} MB for ten million)"
        yield f"  at the end: resident {memory(pid, 'VmRSS') / 1e6:,.0f} MB, at most {memory(pid, 'VmHWM') / 1e6:,.0f} MB"


def number(text):
    return int(text[:-1]) * {"k": 1000, "M": 10**6}[text[-1]] if text[-1] in "kM" else int(text)


def report_lines(options):
    yield from report.heading(f"bench/series_scale.py --series {options.series} --rows {options.rows} --runs {options.runs}")[:-1]
    for num_series in options.series.split(","):
        yield ""
        yield from measure(options, number(num_series))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="100k,1M,10M")
    parser.add_argument("--rows", type=int, default=2, help="rows of each series")
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each question")
    report.add_flags(parser)
    options = parser.parse_args()
    stria_server.STRIA = options.program
    report.write(report_lines(options), options.results)


if __name__ == "__main__":
    main()
