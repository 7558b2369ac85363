"""Every TSBS cpu query type, restated in Stria's SQL, against the truth in the file, on random windows.

The data is queried as it was acknowledged, again after a flush, again after kill -9 and a restart, and
again compacted: the same questions must have the same answers.
"""

import random
import sys

import stria_server
import tsbs_truth
from tsbs_truth import FIELDS, HOUR, MINUTE

WINDOWS = 20
DATABASE = "tsbs"


def close(a, b):
    """Equal, or floats that differ by at most 1e-12 of their size."""
    if isinstance(a, float) or isinstance(b, float):
        return a is not None and b is not None and abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))
    return a == b


def compare(server, sql, expected):
    rows = server.sql(sql, DATABASE)["rows"]
    if len(rows) != len(expected):
        sys.exit(f"{sql}\n{len(rows)} rows, expected {len(expected)}; first {rows[:2]}, expected {expected[:2]}")
    for index, (row, truth) in enumerate(zip(rows, expected)):
        if len(row) != len(truth) or not all(close(a, b) for a, b in zip(row, truth)):
            sys.exit(f"{sql}\nrow {index}: {row}, expected {truth}")


def stamp(ns):
    """A time literal; half of them as RFC 3339 with nanoseconds, half in PostgreSQL's spelling."""
    seconds, rest = divmod(ns, 10**9)
    days, second = divmod(seconds, 86400)
    import datetime
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"'{date}T{clock}.{rest:09}Z'" if ns % 2 else f"'{date} {clock}.{rest:09} +0000'"


class Queries:
    """One method a query type; each asks one random question."""

    def __init__(self, server, truth, rng):
        self.server, self.truth, self.rng = server, truth, rng
        self.hosts = sorted(truth.hosts)

    def window(self, hours):
        length = hours * HOUR
        begin = self.rng.randrange(self.truth.first, max(self.truth.first + 1, self.truth.last + 10**9 - length))
        return begin, begin + length

    def some_hosts(self, count):
        return self.rng.sample(self.hosts, min(count, len(self.hosts)))

    def where(self, begin, end, hosts=None):
        names = "" if hosts is None else " AND hostname IN (" + ", ".join(f"'{h}'" for h in hosts) + ")"
        return f"time >= {stamp(begin)} AND time < {stamp(end)}{names}"

    def maxima(self, num_fields, hosts, hours, width, unit):
        begin, end = self.window(hours)
        chosen = self.some_hosts(hosts)
        columns = ", ".join(f"max({f}) AS max_{f}" for f in FIELDS[:num_fields])
        sql = (f"SELECT time_bucket('{unit}', time) AS bucket, {columns} FROM cpu "
               f"WHERE {self.where(begin, end, chosen)} GROUP BY bucket ORDER BY bucket")
        compare(self.server, sql, self.truth.max_by_bucket(chosen, num_fields, begin, end, width))

    def single_groupby(self, num_fields, hosts, hours):
        self.maxima(num_fields, hosts, hours, MINUTE, "1 minute")

    def cpu_max_all(self, hosts, hours=8):
        self.maxima(10, hosts, hours, HOUR, "1 hour")

    def double_groupby(self, num_fields):
        begin, end = self.window(12)
        columns = ", ".join(f"avg({f}) AS mean_{f}" for f in FIELDS[:num_fields])
        sql = (f"SELECT time_bucket('1 hour', time) AS hour, hostname, {columns} FROM cpu "
               f"WHERE {self.where(begin, end)} GROUP BY hour, hostname ORDER BY hour, hostname")
        compare(self.server, sql, self.truth.avg_by_bucket_and_host(num_fields, begin, end, HOUR))

    def high_cpu(self, hosts):
        begin, end = self.window(12)
        chosen = None if hosts == 0 else self.some_hosts(hosts)
        sql = (f"SELECT time, hostname, region, {', '.join(FIELDS)} FROM cpu WHERE usage_user > 90.0 AND "
               f"{self.where(begin, end, chosen)} ORDER BY hostname, time")
        compare(self.server, sql, self.truth.high_cpu(chosen or self.hosts, begin, end))
        star = self.server.sql(f"SELECT * FROM cpu WHERE usage_user > 90.0 AND {self.where(begin, end, chosen)}", DATABASE)
        if len(star["rows"]) != len(self.truth.high_cpu(chosen or self.hosts, begin, end)):
            sys.exit(f"SELECT * has {len(star['rows'])} rows")

    def lastpoint(self):
        sql = (f"SELECT DISTINCT ON (hostname) hostname, time, {', '.join(FIELDS)} FROM cpu "
               "ORDER BY hostname, time DESC")
        compare(self.server, sql, self.truth.last_points())

    def groupby_orderby_limit(self):
        _, end = self.window(1)
        sql = (f"SELECT time_bucket('60 seconds', time) AS minute, max(usage_user) FROM cpu "
               f"WHERE time < {stamp(end)} GROUP BY minute ORDER BY minute DESC LIMIT 5")
        begin = max(self.truth.first, end // MINUTE * MINUTE - 10 * MINUTE)
        expected = self.truth.max_by_bucket(self.hosts, 1, begin // MINUTE * MINUTE, end, MINUTE)
        compare(self.server, sql, expected[::-1][:5])

    def types(self):
        return {
            "single-groupby-1-1-1": lambda: self.single_groupby(1, 1, 1),
            "single-groupby-1-1-12": lambda: self.single_groupby(1, 1, 12),
            "single-groupby-1-8-1": lambda: self.single_groupby(1, 8, 1),
            "single-groupby-5-1-1": lambda: self.single_groupby(5, 1, 1),
            "single-groupby-5-1-12": lambda: self.single_groupby(5, 1, 12),
            "single-groupby-5-8-1": lambda: self.single_groupby(5, 8, 1),
            "cpu-max-all-1": lambda: self.cpu_max_all(1),
            "cpu-max-all-8": lambda: self.cpu_max_all(8),
            "cpu-max-all-32-24": lambda: self.cpu_max_all(32, 24),
            "double-groupby-1": lambda: self.double_groupby(1),
            "double-groupby-5": lambda: self.double_groupby(5),
            "double-groupby-all": lambda: self.double_groupby(10),
            "high-cpu-1": lambda: self.high_cpu(1),
            "high-cpu-all": lambda: self.high_cpu(0),
            "lastpoint": self.lastpoint,
            "groupby-orderby-limit": self.groupby_orderby_limit,
        }


def ask_all(server, truth, seed, windows, state):
    queries = Queries(server, truth, random.Random(seed))
    for name, ask in queries.types().items():
        for _ in range(1 if name == "lastpoint" else windows):
            ask()
    print(f"{state}: {len(queries.types())} query types x {windows} windows agree with the file", flush=True)


def main():
    seed = stria_server.seed()
    path = stria_server.data_file("cpu-100h-3d.lp.zst", "cpu-4h-3d.lp.zst")
    truth = tsbs_truth.CpuTruth(path)
    print(f"{path.name}: {truth.num_rows} rows of {len(truth.hosts)} hosts", flush=True)
    with stria_server.Server() as server:
        done = stria_server.stria("write", "-H", "http://" + server.host, "-d", DATABASE, str(path))
        print(done.stdout.strip(), flush=True)
        if done.returncode != 0 or f"{truth.num_rows:,} rows acknowledged" not in done.stdout:
            sys.exit(f"stria write: exit {done.returncode}, {done.stdout}{done.stderr}")

        def count():
            found = server.count(DATABASE, "cpu")
            if found != truth.num_rows:
                sys.exit(f"count(*) is {found}, the file has {truth.num_rows}")

        count()
        ask_all(server, truth, seed, WINDOWS, "as acknowledged")
        server.kill()
        server.start()
        count()
        ask_all(server, truth, seed + 1, 3, "after kill -9 and a restart")
        server.flush()
        count()
        ask_all(server, truth, seed + 2, WINDOWS, "flushed")
        status, _, body = server.request("POST", "/api/v1/compact")
        if status // 100 != 2:
            sys.exit(f"compact: {status} {body}")
        count()
        ask_all(server, truth, seed + 3, 3, "compacted")
        if server.stop() != 0:
            sys.exit("the server did not stop cleanly")
        server.start()
        count()
        ask_all(server, truth, seed + 4, 3, "restarted")
    print("ok")


if __name__ == "__main__":
    main()
