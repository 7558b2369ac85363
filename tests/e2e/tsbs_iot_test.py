"""The TSBS IoT set: floats, missing fields, missing tags. Loads it and compares counts and sums with the
file, before and after a flush and after kill -9; so are the driving sessions and breakdowns."""

import collections
import math
import re
import sys

import stria_server
from iot_truth import IotTruth, interval_ns

DATABASE = "iot"
FIELD = re.compile(r"([a-z_]+)=([-0-9.e+]+)(i?)")

SESSIONS = """
    WITH statuses AS (SELECT name, time_bucket('10 minutes', time) AS ten_minutes, avg(velocity) > 5 AS driving
                      FROM readings WHERE name IS NOT NULL GROUP BY name, ten_minutes),
         changes AS (SELECT name, ten_minutes AS start, driving,
                            lead(ten_minutes) OVER (PARTITION BY name ORDER BY ten_minutes) AS stop
                     FROM (SELECT *, lag(driving) OVER (PARTITION BY name ORDER BY ten_minutes) AS was_driving
                           FROM statuses) WHERE driving <> was_driving)
    SELECT name, time_bucket('24 hours', start) AS day, avg(stop - start) AS duration
    FROM changes WHERE driving GROUP BY name, day ORDER BY name, day"""
BREAKDOWNS = """
    WITH breakdowns AS (SELECT time_bucket('10 minutes', time) AS ten_minutes, name, max(model) AS model,
                               2 * count(*) FILTER (WHERE status = 0) >= count(*) AS broken_down
                        FROM diagnostics WHERE name IS NOT NULL GROUP BY ten_minutes, name)
    SELECT model, count(*) FROM (
        SELECT model, broken_down, lead(broken_down) OVER (PARTITION BY name ORDER BY ten_minutes) AS next_broken_down
        FROM breakdowns) WHERE NOT broken_down AND next_broken_down GROUP BY model ORDER BY model"""


class Truth:
    """Per table: rows, per field the number of values and their exact sum, per tag the rows that have it."""

    def __init__(self, path):
        self.rows = collections.Counter()
        self.values = collections.defaultdict(list)
        self.with_tag = collections.Counter()
        self.by_fleet = collections.Counter()
        # The last line of the same series and time wins, field by field; the file has no such pair, so
        # rows are simply counted, which this checks.
        keys = set()
        for line in stria_server.read_lines(path):
            head, fields, time = line.rstrip("\n").split(" ")
            if (head, time) in keys:
                sys.exit(f"the file has two rows of {head} at {time}")
            keys.add((head, time))
            table, *tags = head.split(",")
            self.rows[table] += 1
            for tag in tags:
                name, value = tag.split("=")
                self.with_tag[table, name] += 1
                if name == "fleet":
                    self.by_fleet[table, value] += 1
            for name, text, _ in FIELD.findall(fields):
                self.values[table, name].append(float(text))
        self.iot = IotTruth(stria_server.read_lines(path))


def check(server, truth, state):
    for table, rows in truth.rows.items():
        if (found := server.count(DATABASE, table)) != rows:
            sys.exit(f"{state}: {table} has {found} rows, the file {rows}")
        names = [name for t, name in truth.values if t == table]
        columns = ", ".join(f"count({n}), sum({n}), min({n}), max({n})" for n in names)
        row = server.sql(f"SELECT {columns} FROM {table}", DATABASE)["rows"][0]
        for index, name in enumerate(names):
            values = truth.values[table, name]
            count, total, low, high = row[4 * index:4 * index + 4]
            exact = math.fsum(values)
            if (count, low, high) != (len(values), min(values), max(values)) or abs(total - exact) > 1e-9 * abs(exact):
                sys.exit(f"{state}: {table}.{name}: {count, total, low, high}, "
                         f"expected {len(values), exact, min(values), max(values)}")
        for (_, name), expected in ((k, v) for k, v in truth.with_tag.items() if k[0] == table):
            found = server.sql(f"SELECT count(*) FROM {table} WHERE {name} IS NOT NULL", DATABASE)["rows"][0][0]
            if found != expected:
                sys.exit(f"{state}: {table}: {found} rows have tag {name}, expected {expected}")
        groups = dict(server.sql(f"SELECT fleet, count(*) FROM {table} WHERE fleet IS NOT NULL GROUP BY fleet", DATABASE)["rows"])
        expected = {value: n for (t, value), n in truth.by_fleet.items() if t == table}
        if groups != expected:
            sys.exit(f"{state}: {table} by fleet: {groups}, expected {expected}")
    for statement, expected in ((SESSIONS, truth.iot.driving_sessions()), (BREAKDOWNS, truth.iot.breakdowns())):
        found = [[interval_ns(value) for value in row] for row in server.sql(statement, DATABASE)["rows"]]
        if found != expected:
            sys.exit(f"{state}: {statement}: {found[:5]}, expected {expected[:5]}")
    print(f"{state}: agrees with the file", flush=True)


def main():
    path = stria_server.data_file("iot-100t-1d.lp.zst", "iot-4t-1d.lp.zst")
    truth = Truth(path)
    print(f"{path.name}: {sum(truth.rows.values()):,} rows over {', '.join(truth.rows)}", flush=True)
    with stria_server.Server() as server:
        done = stria_server.stria("write", "-H", "http://" + server.host, "-d", DATABASE, str(path))
        print(done.stdout.strip(), flush=True)
        if done.returncode != 0:
            sys.exit(f"stria write: exit {done.returncode}, {done.stderr}")
        check(server, truth, "as acknowledged")
        server.flush()
        check(server, truth, "flushed")
        server.kill()
        server.start()
        check(server, truth, "after kill -9 and a restart")
    print("ok")


if __name__ == "__main__":
    main()
