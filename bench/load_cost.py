#!/usr/bin/env python3
"""What it costs the server to load the TSBS cpu set, and to answer double-groupby-5 on it.

    bench/load_cost.py [FILE.lp.zst] [--program build/release/bin/stria] [--runs N] [--results FILE]

FILE is cpu-100h-3d.lp.zst below STRIA_TEST_DATA unless given. Server CPU is user and system time of /proc/<pid>/stat
from the first byte of `stria write` until POST /api/v1/flush has returned. The query goes over one HTTP connection that
is kept alive, each time with another random window of 12 hours, just after the load and again after a restart; the time
is that of the request as the client sees it. The machine is noisy: CPU time counts for more than wall time.
"""

import argparse
import http.client
import json
import pathlib
import random
import statistics
import subprocess
import sys
import time
import urllib.parse

import report
import stria_server

FIELDS = ["usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait"]
HALF_A_DAY = 43_200 * 10**9
MAX_CPU_US, MAX_MS = 1.5, 6.0


def stamp(ns):
    seconds, rest = divmod(ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09}Z"


def ask(server, rng, runs, first, last):
    """Milliseconds, ascending, of double-groupby-5 on `runs` windows: as the client sees it, and in the server."""
    hosts = server.sql("SELECT count(*) FROM (SELECT DISTINCT hostname FROM cpu)", "tsbs")["rows"][0][0]
    connection = http.client.HTTPConnection(server.host)
    columns = ", ".join(f"avg({f}) AS mean_{f}" for f in FIELDS)
    taken, inside = [], []
    for _ in range(runs):
        begin = rng.randrange(first, last - HALF_A_DAY)
        sql = (f"SELECT time_bucket('1 hour', time) AS hour, hostname, {columns} FROM cpu WHERE time >= '{stamp(begin)}' "
               f"AND time < '{stamp(begin + HALF_A_DAY)}' GROUP BY hour, hostname ORDER BY hour, hostname")
        target = "/api/v1/sql?" + urllib.parse.urlencode({"q": sql, "db": "tsbs"})
        started = time.perf_counter()
        connection.request("GET", target)
        body = connection.getresponse().read()
        taken.append((time.perf_counter() - started) * 1000)
        answer = json.loads(body)
        if not 12 * hosts <= len(answer["rows"]) <= 13 * hosts:
            sys.exit(f"{len(answer['rows'])} rows; {hosts} hosts in 12 or 13 hours were expected")
        inside.append(answer["stats"]["elapsed_ms"])
    return sorted(taken), sorted(inside)


def measure(options, path):
    """Yields the lines of the report."""
    yield from report.heading(f"bench/load_cost.py --runs {options.runs}")
    yield f"data: {path.name}"
    yield ""
    rng = random.Random(1)
    with stria_server.Server() as server:
        before = report.cpu_seconds(server.process.pid)
        done = subprocess.run([options.program, "write", "-H", "http://" + server.host, "-d", "tsbs", str(path)],
                              capture_output=True, text=True, check=True)
        server.flush()
        cpu = report.cpu_seconds(server.process.pid) - before
        rows = server.count("tsbs", "cpu")
        yield done.stdout.strip()
        yield f"server CPU, flush included: {cpu:.2f} s for {rows:,} rows, {cpu / rows * 1e6:.3f} us a row (at most {MAX_CPU_US})"
        bounds = server.sql("SELECT min(time), max(time) FROM cpu", "tsbs")["rows"][0]
        for state in ("after the load", "after a restart"):
            taken, inside = ask(server, rng, options.runs, *bounds)
            yield (f"double-groupby-5 {state}: p50 {statistics.median(taken):.2f} ms (at most {MAX_MS:.0f}), best {taken[0]:.2f}, "
                   f"p95 {taken[len(taken) * 95 // 100]:.2f}; in the server p50 {statistics.median(inside):.2f} ms")
            if state == "after the load":
                server.stop()
                server.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=200)
    report.add_flags(parser)
    options = parser.parse_args()
    path = options.file or stria_server.data_file("cpu-100h-3d.lp.zst", "cpu-4h-3d.lp.zst")
    stria_server.STRIA = options.program
    report.write(measure(options, path), options.results)


if __name__ == "__main__":
    main()
