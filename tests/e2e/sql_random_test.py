"""Random rows and random statements; SQLite says what the answers are.

Rows overwrite one another in part, and lie in parts and in memory. Floats are multiples of a quarter, so that sums are
exact in any order. A statement is made as a pair of texts, one for each database.
"""

import http.client
import json
import random
import sqlite3
import sys
import urllib.parse

import stria_server

FIRST = 1_700_000_000_000_000_000
SECOND = 10**9
HOSTS = ["web_1", "web_2", "db", "Größe", "x"]
WORDS = ["", "alpha", "Alpha", "beta", "a_b", "100%"]
ROWS = 4000
STATEMENTS = 150  # In each of the states.


class Rows:
    """What is in the table: (host, dc, time) -> fields, the last write of each field."""

    FIELDS = {"f": lambda rng: rng.randrange(-400, 400) / 4, "i": lambda rng: rng.randrange(-20, 20),
              "s": lambda rng: rng.choice(WORDS), "b": lambda rng: rng.random() < 0.5}

    def __init__(self, rng):
        self.rng, self.rows = rng, {}

    def batch(self, count):
        """Line protocol of `count` random rows, which are noted."""
        return "\n".join(self.line() for _ in range(count))

    def line(self):
        rng = self.rng
        host, dc = rng.choice(HOSTS), rng.choice(["eu", "us", None])
        time = FIRST + rng.randrange(0, 7200) * SECOND
        fields = {name: make(rng) for name, make in self.FIELDS.items() if rng.random() < 0.7} or {"i": 0}
        self.rows.setdefault((host, dc, time), {}).update(fields)
        tags = f"host={host}" + (f",dc={dc}" if dc else "")
        return f"t,{tags} " + ",".join(f"{name}={self.text(value)}" for name, value in fields.items()) + f" {time}"

    @staticmethod
    def text(value):
        if isinstance(value, bool):
            return "t" if value else "f"
        if isinstance(value, str):
            return '"' + value + '"'
        return f"{value}i" if isinstance(value, int) else repr(value)

    def sqlite(self):
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA case_sensitive_like = ON")
        database.execute("CREATE TABLE t (time INTEGER, host TEXT, dc TEXT, f REAL, i INTEGER, s TEXT, b INTEGER)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)",
                             [(time, host, dc, *(row.get(name) for name in "fisb")) for (host, dc, time), row in self.rows.items()])
        return database


class Maker:
    """Makes statements as pairs (ours, SQLite's). The two texts differ only where time_bucket or a distance in time stands."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *choices):
        return self.rng.choice(choices)()

    def number(self, depth=2):
        rng = self.rng
        if depth == 0 or rng.random() < 0.4:
            return rng.choice(["i", "f", "i", "f", str(rng.randrange(0, 15)), str(rng.randrange(-30, 30) / 4)])
        a, b = self.number(depth - 1), self.number(depth - 1)
        return rng.choice([f"({a} + {b})", f"({a} - {b})", f"({a} * {rng.randrange(1, 4)})", f"abs({a})", f"-({a})",
                           f"coalesce({a}, {b})", f"CASE WHEN {self.condition(depth - 1)} THEN {a} ELSE {b} END", "i % 7"])

    def text(self):
        return self.rng.choice(["host", "dc", "s", "s", "coalesce(dc, 'none')", "upper(s)"])

    def literal(self):
        return "'" + self.rng.choice(HOSTS + WORDS + ["eu", "us", "b"]) + "'"

    def time(self):
        return str(FIRST + self.rng.randrange(-100, 7300) * SECOND)

    def simple(self, depth):
        rng = self.rng
        compare = rng.choice(["=", "<>", "<", "<=", ">", ">="])
        negation = rng.choice(["", "", "NOT "])
        return self.pick(
            lambda: f"{self.number(depth)} {compare} {self.number(depth)}",
            lambda: f"{rng.choice('if')} {compare} {rng.randrange(-80, 80) / 4}",
            lambda: f"{rng.choice(['host', 'dc', 's'])} {compare} {self.literal()}",
            lambda: f"{self.text()} {negation}IN ({self.literal()}, {self.literal()})",
            lambda: f"{rng.choice(['host', 's'])} {negation}LIKE '{rng.choice(['web%', '%a', '_lpha', '%', '%r%e', 'x'])}'",
            lambda: f"i {negation}IN ({rng.randrange(-20, 20)}, {rng.randrange(-20, 20)}{rng.choice(['', ', NULL'])})",
            lambda: f"{self.number(1)} {negation}BETWEEN {self.number(0)} AND {self.number(0)}",
            lambda: f"{rng.choice(['f', 'i', 's', 'b', 'dc', 'f + i'])} IS {negation}NULL",
            lambda: rng.choice(["b", "NOT b", "b = (i > 0)"]),
            lambda: f"time {compare} {self.time()}",
            lambda: f"time >= {self.time()} AND time < {self.time()}")

    def condition(self, depth=2):
        rng = self.rng
        if depth <= 0 or rng.random() < 0.35:
            return "(" + self.simple(max(0, depth - 1)) + ")"
        parts = [self.condition(depth - 1) for _ in range(rng.randrange(2, 4))]
        joined = "(" + rng.choice([" AND ", " OR "]).join(parts) + ")"
        return f"NOT {joined}" if rng.random() < 0.2 else joined

    def where(self):
        return f" WHERE {self.condition()}" if self.rng.random() < 0.8 else ""

    def aggregate(self):
        name = self.rng.choice(["sum", "avg", "min", "max", "count"])
        distinct = f"{name}(DISTINCT {self.rng.choice(['i', 'i % 5', 'i + 1'])})"
        return self.rng.choice([f"{name}({self.number(1)})", f"{name}({self.rng.choice('fi')})", "count(*)", "count(b)", distinct,
                                f"count(DISTINCT {self.rng.choice(['s', 'host', 'b', 'f'])})",
                                "min(s)", "max(host)", "max(time)", f"sum({self.rng.choice('fi')})"])

    def order(self, names):
        keys = [f"{name} {self.rng.choice(['ASC', 'DESC'])} NULLS {self.rng.choice(['FIRST', 'LAST'])}" for name in names]
        self.rng.shuffle(keys)
        return " ORDER BY " + ", ".join(keys)

    def rows(self):
        expressions = [self.number() for _ in range(self.rng.randrange(1, 4))]
        select = ", ".join(f"{e} AS e{at}" for at, e in enumerate(expressions))
        # The key of a row makes the order total.
        order = self.order(["time", "host", "dc"])
        limit = f" LIMIT {self.rng.randrange(0, 200)}" + (f" OFFSET {self.rng.randrange(0, 50)}" if self.rng.random() < 0.5 else "")
        both = f"SELECT time, host, dc, s, {select} FROM t{self.where()}{order}{limit}"
        return both, both, True

    def groups(self):
        width = self.rng.choice([60, 600, 1800])
        keys = self.rng.sample([("host", "host"), ("dc", "dc"), ("b", "b"), ("s", "s"), ("i % 3", "i % 3"),
                                (f"time_bucket('{width} s', time)", f"time / {width * SECOND} * {width * SECOND}")], self.rng.randrange(0, 4))
        calls = ", ".join(f"{self.aggregate()} AS a{at}" for at in range(self.rng.randrange(1, 5)))
        where, having = self.where(), ""
        if keys and self.rng.random() < 0.3:
            having = f" HAVING {self.aggregate_condition()}"
        tail = ""
        if keys:
            tail = self.order([f"k{at}" for at in range(len(keys))])
            tail += f" LIMIT {self.rng.randrange(1, 60)}" if self.rng.random() < 0.5 else ""
        texts = []
        for side in (0, 1):
            named = "".join(f"{key[side]} AS k{at}, " for at, key in enumerate(keys))
            by = " GROUP BY " + ", ".join(key[side] for key in keys) if keys else ""
            texts.append(f"SELECT {named}{calls} FROM t{where}{by}{having}{tail}")
        return *texts, True

    def aggregate_condition(self):
        return self.rng.choice(["count(*) > 20", "sum(i) > 0", "max(f) - min(f) < 150", "min(s) IS NULL", "count(f) BETWEEN 3 AND 40"])

    def distinct(self):
        columns = ", ".join(self.rng.sample(["host", "dc", "s", "b", "i % 4"], self.rng.randrange(1, 4)))
        both = f"SELECT DISTINCT {columns} FROM t{self.where()}"
        return both, both, False

    def nested(self):
        both = (f"SELECT dc, count(*), sum(n), max(m) FROM (SELECT host, dc, count(i) AS n, max(f) AS m FROM t{self.where()} "
                f"GROUP BY host, dc) AS q WHERE n > {self.rng.randrange(0, 50)} GROUP BY dc")
        return both, both, False

    def latest(self):
        where = self.where()
        order = " ORDER BY host, dc, time DESC"
        ours = f"SELECT DISTINCT ON (host, dc) host, dc, time, f, s FROM t{where}{order}"
        theirs = (f"SELECT host, dc, time, f, s FROM (SELECT *, row_number() OVER (PARTITION BY host, dc ORDER BY time DESC) AS n "
                  f"FROM t{where}) WHERE n = 1 ORDER BY host, dc NULLS LAST")
        return ours, theirs, True

    # The key of a row: an order by it is total.
    KEY = ["time", "host", "dc"]

    def frame(self, order):
        """A frame for a window ordered by the columns `order`, for each database."""
        rng = self.rng
        # ROWS would tell peers apart, whose order is not said.
        unit = rng.choice(["ROWS", "RANGE"] if len(order) == 3 else ["RANGE"])
        units, plain = [""], True
        if unit == "ROWS":
            units, plain = [str(n) for n in range(6)], False
        elif len(order) == 1 and order[0] in ("time", "i", "f"):
            units, plain = ["time"] if order[0] == "time" else ["1", "3", "10.5" if order[0] == "f" else "10"], False
        bounds = ["UNBOUNDED PRECEDING", "CURRENT ROW", "UNBOUNDED FOLLOWING"]
        if not plain:
            bounds[1:1] = ["{} PRECEDING"]
            bounds[3:3] = ["{} FOLLOWING"]
        first = rng.randrange(0, len(bounds) - 1)
        last = rng.randrange(max(first, 1), len(bounds))
        texts = [[], []]
        for bound in (bounds[first], bounds[last]):
            offset = rng.choice(units)
            if offset == "time":
                seconds = rng.choice([0, 1, 60, 900])
                offsets = (f"'{seconds} s'", str(seconds * SECOND))
            else:
                offsets = (offset, offset)
            for text, own in zip(texts, offsets):
                text.append(bound.format(own))
        if first <= bounds.index("CURRENT ROW") and rng.random() < 0.2:
            return tuple(f" {unit} {text[0]}" for text in texts)  # Up to the current row.
        return tuple(f" {unit} BETWEEN {text[0]} AND {text[1]}" for text in texts)

    def window(self, order_is_total):
        """What stands in the parentheses of OVER, for each database."""
        rng = self.rng
        partition = rng.sample(["host", "dc", "b", "i % 3"], rng.randrange(0, 3))
        order = rng.sample(self.KEY, 3) if order_is_total else rng.choice([["time"], ["i"], ["f"], ["s", "i"], ["host"], ["dc", "time"]])
        text = ("PARTITION BY " + ", ".join(partition) + " " if partition else "") + self.order(order).strip()
        if rng.random() < 0.7:
            return tuple(text + frame for frame in self.frame(order))
        return text, text

    def window_call(self):
        rng = self.rng
        if rng.random() < 0.55:
            name = rng.choice(["sum", "avg", "min", "max", "count"])
            argument = rng.choice(["i", "f", "i", "f", self.number(1)]) if name in ("sum", "avg") else rng.choice(["i", "f", "s", "time"])
            if rng.random() < 0.1:
                name, argument = "count", "*"
            call = f"{name}({argument})"
            # SQLite 3.40 does not look at FILTER where min and max slide.
            if name not in ("min", "max") and rng.random() < 0.25:
                call += f" FILTER (WHERE {self.condition(1)})"
                # And loses values of them where RANGE slides by a distance.
            return tuple(f"{call} OVER ({window})" for window in self.window(name in ("min", "max") or rng.random() < 0.5))
        column = rng.choice("ifs")
        call = rng.choice(["row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", f"ntile({rng.randrange(1, 9)})",
                           f"lag({column})", f"lead({column}, {rng.randrange(0, 5)})", f"lag(i, {rng.randrange(0, 5)}, -1)",
                           f"first_value({column})", f"last_value({column})", f"nth_value({column}, {rng.randrange(1, 5)})"])
        # Peers have one rank, whichever comes first; what else these give depends on it.
        return tuple(f"{call} OVER ({window})" for window in self.window(not call.startswith(("rank", "dense", "percent", "cume"))))

    def windows(self):
        calls = [self.window_call() for _ in range(self.rng.randrange(1, 4))]
        where, order = self.where(), self.order(self.KEY)
        limit = f" LIMIT {self.rng.randrange(0, 300)}" if self.rng.random() < 0.7 else ""
        ours, theirs = (f"SELECT time, host, dc, {', '.join(f'{call[side]} AS w{at}' for at, call in enumerate(calls))} FROM t{where}{order}{limit}"
                        for side in (0, 1))
        return ours, theirs, True

    def statement(self):
        return self.pick(self.windows, self.windows, self.rows, self.rows, self.groups, self.groups, self.groups, self.distinct, self.nested, self.latest)


def same(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return a is not None and b is not None and abs(a - b) <= 1e-11 * max(1, abs(a), abs(b))
    return a == b


def sort_key(row):
    return [(value is not None, str(type(value)) if isinstance(value, str) else "", value if value is not None else 0) for value in row]


def compare(server, truth, maker, seed):
    ours, theirs, ordered = maker.statement()
    expected = [list(row) for row in truth.execute(theirs)]
    query = urllib.parse.urlencode({"q": ours, "db": "db", "epoch": "ns"})
    try:
        status, _, body = server.request("POST", "/api/v1/sql", query, {"Content-Type": "application/x-www-form-urlencoded"})
    except (OSError, http.client.HTTPException) as failure:
        sys.exit(f"seed {seed}: {ours}\n{failure}\n{server.complaints()}")
    if status != 200:
        sys.exit(f"seed {seed}: {ours}\n{status} {body.decode()}")
    rows = json.loads(body)["rows"]
    if not ordered:
        rows, expected = sorted(rows, key=sort_key), sorted(expected, key=sort_key)
    if len(rows) != len(expected):
        sys.exit(f"seed {seed}: {ours}\n{len(rows)} rows, SQLite has {len(expected)}: {rows[:5]} {expected[:5]}")
    for row, truth_row in zip(rows, expected):
        if not all(same(a, b) for a, b in zip(row, truth_row)):
            sys.exit(f"seed {seed}: {ours}\n{row}, SQLite has {truth_row}")
    return len(rows)


def main():
    seed = stria_server.seed()
    rng = random.Random(seed)
    rows = Rows(rng)
    maker = Maker(rng)
    with stria_server.Server("--shards", str(rng.choice([1, 3]))) as server:
        def ask(state):
            truth = rows.sqlite()
            total = sum(compare(server, truth, maker, seed) for _ in range(STATEMENTS))
            print(f"{state}: {STATEMENTS} statements, {total} rows agree with SQLite", flush=True)

        for part in range(4):
            status, _, body = server.write("db", rows.batch(ROWS // 4))
            if status != 204:
                sys.exit(f"write: {status} {body[:500]}")
            if part in (1, 2):
                server.flush()
        ask("in parts and in memory")
        server.flush()
        ask("flushed")
        if server.request("POST", "/api/v1/compact")[0] // 100 != 2:
            sys.exit("compact failed")
        ask("compacted")
        server.write("db", rows.batch(ROWS // 4))
        server.kill()
        server.start()
        ask("after kill -9 and a restart")
    print("ok")


if __name__ == "__main__":
    main()
