"""The questions in SQL, in one dialect for each engine that speaks it."""

import dataclasses
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What differs. `bucket` takes 60 or 3600, `instant` whole seconds since 1970."""
    bucket: Callable[[int], str]
    instant: Callable[[int], str]
    last: str
    before_where: str = "WHERE"


def text_of(instant):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(instant))


def _truncated(bucket_s):
    return f"date_trunc('{'minute' if bucket_s == 60 else 'hour'}', time)"


STRIA = Dialect(
    bucket=lambda s: f"time_bucket('{'1 minute' if s == 60 else '1 hour'}', time)",
    instant=lambda s: time.strftime("'%Y-%m-%dT%H:%M:%SZ'", time.gmtime(s)),
    last="SELECT DISTINCT ON (hostname) * FROM cpu ORDER BY hostname, time DESC")

# With a table of the hosts beside it, each newest row is one step into the index.
POSTGRESQL = Dialect(
    bucket=_truncated,
    instant=lambda s: f"'{text_of(s)}+00'",
    last="SELECT newest.* FROM hosts, LATERAL (SELECT * FROM cpu WHERE cpu.hostname = hosts.hostname "
         "ORDER BY time DESC LIMIT 1) newest")

# DISTINCT ON sorts every row in DuckDB; this form hashes the times only.
DUCKDB = Dialect(
    bucket=_truncated,
    instant=lambda s: f"TIMESTAMP '{text_of(s)}'",
    last="SELECT * FROM cpu WHERE (hostname, time) IN (SELECT (hostname, max(time)) FROM cpu GROUP BY hostname)")

CLICKHOUSE = Dialect(
    bucket=lambda s: f"{'toStartOfMinute' if s == 60 else 'toStartOfHour'}(time)",
    instant=lambda s: f"'{text_of(s)}'",
    last="SELECT * FROM cpu WHERE (hostname, time) IN (SELECT hostname, max(time) FROM cpu GROUP BY hostname)")


def sql_of(question, dialect):
    """The statement for `question`."""
    window = f"time >= {dialect.instant(question.begin)} AND time < {dialect.instant(question.end)}"
    hosts = ", ".join(f"'{host}'" for host in question.hosts)
    chosen = f" AND hostname IN ({hosts})" if hosts else ""
    bucket = dialect.bucket(question.type.bucket_s) if question.type.bucket_s else ""
    maxima = ", ".join(f"max({field}) AS max_{field}" for field in question.fields)
    means = ", ".join(f"avg({field}) AS mean_{field}" for field in question.fields)
    match question.shape:
        case "max":
            return f"SELECT {bucket} AS bucket, {maxima} FROM cpu WHERE {window}{chosen} GROUP BY bucket ORDER BY bucket"
        case "avg":
            return (f"SELECT {bucket} AS bucket, hostname, {means} FROM cpu WHERE {window}{chosen} "
                    "GROUP BY bucket, hostname ORDER BY bucket, hostname")
        case "high":
            return f"SELECT * FROM cpu WHERE usage_user > 90.0 AND {window}{chosen}"
        case "last":
            return dialect.last
        case "newest":
            return (f"SELECT {bucket} AS bucket, {maxima} FROM cpu WHERE time < {dialect.instant(question.end)} "
                    "GROUP BY bucket ORDER BY bucket DESC LIMIT 5")
    raise ValueError(question.shape)
