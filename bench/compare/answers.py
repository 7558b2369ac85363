"""Answers of every engine in one normal form, and whether two of them agree.

Normal form: a sorted list of tuples, as Question lists them. Times are whole seconds since 1970, the
rest are numbers and host names. The order of rows is not compared: some questions leave it open.
"""

import calendar
import json
import time

from questions import FIELDS

TOLERANCE = 1e-9  # relative, of floats: engines add in different orders

_seconds = {}


def seconds_of(text):
    """Seconds of "2016-01-01 00:00:00" or "2016-01-01T00:00:00Z", with "+00" or a fraction of zeros after it."""
    if text not in _seconds:
        _seconds[text] = calendar.timegm(time.strptime(text[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S"))
    return _seconds[text]


def number_of(value):
    """A number that may come as text; whole ones become int, so that 5, 5.0 and "5" are one."""
    if isinstance(value, str):
        value = float(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def from_table(question, columns, rows, time_of=lambda value: value):
    """Rows of a SQL answer: aggregates by place, whole rows by the names of their columns."""
    if question.shape in ("high", "last"):
        where = [columns.index(name) for name in ("time", "hostname", *FIELDS)]
        rows = ([row[index] for index in where] for row in rows)
    names = {"max": 0, "newest": 0}.get(question.shape, 1)
    return sorted((time_of(row[0]), *row[1:1 + names], *map(number_of, row[1 + names:])) for row in rows)


def from_stria(question, body):
    answer = json.loads(body)
    return from_table(question, [column["name"] for column in answer["columns"]], answer["rows"])


def from_clickhouse(question, text):
    """JSONCompact with times as Unix seconds."""
    answer = json.loads(text)
    return from_table(question, [column["name"] for column in answer["meta"]], answer["data"], int)


def from_influxql(question, body):
    """Series of /query with epoch=s. Buckets without a row are null there, and left out here."""
    result = json.loads(body)["results"][0]
    if "error" in result:
        raise RuntimeError(result["error"])
    rows = []
    for series in result.get("series", []):
        columns, host = series["columns"], series.get("tags", {}).get("hostname")
        if question.shape in ("high", "last"):
            table = [dict(zip(columns, values)) for values in series["values"]]
            rows += [(row["time"], host or row["hostname"], *(number_of(row[field]) for field in FIELDS)) for row in table]
        else:
            names = () if host is None else (host,)
            rows += [(values[0], *names, *map(number_of, values[1:]))
                     for values in series["values"] if any(value is not None for value in values[1:])]
    return sorted(rows)


def from_prometheus(question, body):
    """A matrix of /api/v1/query_range whose points lie one millisecond before the ends of buckets."""
    answer = json.loads(body)
    if answer["status"] != "success":
        raise RuntimeError(answer)
    width = question.type.bucket_s
    cells = {}
    for series in answer["data"]["result"]:
        place = question.fields.index(series["metric"]["__name__"].removeprefix("cpu_"))
        host = series["metric"].get("hostname")
        for instant, value in series["values"]:
            key = (int(instant // width * width),) if host is None else (int(instant // width * width), host)
            cells.setdefault(key, [None] * len(question.fields))[place] = number_of(value)
    return sorted((*key, *values) for key, values in cells.items())


def only_whole_buckets(question, rows):
    """Rows of `rows` whose bucket lies in the window entirely."""
    begin, end = question.whole_buckets()
    return [row for row in rows if begin <= row[0] < end]


def difference(expected, found):
    """None if the two agree, else what the first disagreement is."""
    if len(expected) != len(found):
        return f"{len(found)} rows, expected {len(expected)}"
    for row, (left, right) in enumerate(zip(expected, found)):
        if len(left) != len(right):
            return f"row {row}: {right}, expected {left}"
        if any(not same(a, b) for a, b in zip(left, right)):
            return f"row {row}: {right}, expected {left}"
    return None


def same(a, b):
    """Equal, or two numbers of which one is a float and that differ by at most TOLERANCE of their size."""
    if a == b:
        return True
    if not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
        return False
    if isinstance(a, int) and isinstance(b, int):
        return False
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
