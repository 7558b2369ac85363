#!/usr/bin/env python3
"""What it costs the server to load a line-protocol file, and to answer double-groupby-5 on it.

    bench/load_cost.py FILE.lp.zst [--program build/release/bin/stria] [--runs N]

Server CPU is that of /proc/<pid>/stat from the first byte until POST /api/v1/flush has returned. The query is asked
over HTTP from random windows, just after the load and again after a restart; the time is that of the request as the
client sees it, the best and the median of 200.
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import stria_server  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
FIELDS = ["usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait"]
DAY = 86_400 * 10**9


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def ask(server, runs, first, last):
    """(best ms, median ms, best server ms) of double-groupby-5 on random 12 h windows."""
    import http.client
    import json
    connection = http.client.HTTPConnection(server.host)
    columns = ", ".join(f"avg({f})" for f in FIELDS)
    taken, inside = [], []
    for _ in range(runs):
        begin = random.randrange(first, last - DAY // 2)
        sql = (f"SELECT time_bucket('1 hour', time) AS hour, hostname, {columns} FROM cpu WHERE "
               f"time >= '{stamp(begin)}' AND time < '{stamp(begin + DAY // 2)}' GROUP BY hour, hostname ORDER BY hour, hostname")
        target = "/api/v1/sql?" + urllib.parse.urlencode({"q": sql, "db": "tsbs"})
        started = time.perf_counter()
        connection.request("GET", target)
        body = connection.getresponse().read()
        taken.append((time.perf_counter() - started) * 1000)
        inside.append(json.loads(body)["stats"].get("elapsed_ms", float("nan")))
    return min(taken), statistics.median(taken), statistics.median(inside)


def stamp(ns):
    seconds, rest = divmod(ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09}Z"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--program", default="build/release/bin/stria")
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    stria_server.STRIA = options.program
    random.seed(1)
    with stria_server.Server() as server:
        before = cpu_seconds(server.process.pid)
        done = subprocess.run([options.program, "write", "-H", "http://" + server.host, "-d", "tsbs", options.file],
                              capture_output=True, text=True, check=True)
        server.flush()
        cpu = cpu_seconds(server.process.pid) - before
        rows = server.count("tsbs", "cpu")
        print(done.stdout.strip())
        print(f"server CPU {cpu:.2f} s for {rows} rows: {cpu / rows * 1e6:.3f} us a row, flush included")
        bounds = server.sql("SELECT min(time), max(time) FROM cpu", "tsbs")["rows"][0]
        for state in ("after the load", "after a restart"):
            best, median, inside = ask(server, options.runs, *bounds)
            print(f"double-groupby-5 {state}: best {best:.2f} ms, median {median:.2f} ms, in the server {inside:.2f} ms")
            if state == "after the load":
                server.stop()
                server.start()


if __name__ == "__main__":
    main()
