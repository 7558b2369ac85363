"""InfluxDB 1.6 of Debian: line protocol over HTTP in, InfluxQL over HTTP out."""

import re
import signal
import subprocess

import answers
from peer import HttpPeer, Process, bytes_below, free_port
from sql_text import text_of


class InfluxdbPeer(HttpPeer):
    name = "InfluxDB"
    interface = "HTTP /write, 5,000 lines a batch (its documented best), 2 connections; InfluxQL over HTTP, JSON"
    settings = "defaults; shards count as cold after 5 s, so that they are compacted before the questions"
    durability = "every batch synced to disk (wal-fsync-delay 0)"
    deviates = {"newest": "InfluxQL has no ORDER BY time DESC after GROUP BY time, so it gives the first five minutes"}
    batch_lines = 5_000
    question_path = "/query"

    program = "influxd"

    def start(self):
        said = subprocess.run([self.program, "version"], capture_output=True, text=True, check=True).stdout
        self.version = re.search(r"\d+\.\d+\.\d+\S*", said).group(0)
        env = {"INFLUXDB_REPORTING_DISABLED": "true", "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
               "INFLUXDB_META_DIR": self.directory / "meta", "INFLUXDB_DATA_DIR": self.directory / "data",
               "INFLUXDB_DATA_WAL_DIR": self.directory / "wal", "INFLUXDB_DATA_WAL_FSYNC_DELAY": "0s",
               "INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "5s",
               "INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION": "5s",
               "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}", "INFLUXDB_HTTP_LOG_ENABLED": "false",
               "INFLUXDB_MONITOR_STORE_ENABLED": "false"}
        empty = self.directory / "influxdb.conf"
        empty.write_text("")
        self.process = Process([self.program, "-config", empty], self.directory, {k: str(v) for k, v in env.items()})
        self.process.wait_until(lambda: self.is_ready("/ping"))
        self.post("/query?q=CREATE+DATABASE+tsbs")

    def stop(self):
        self.connection.close()
        if self.process:
            self.process.stop(signal.SIGTERM)

    def settle(self):
        """Waits until the cold shards are compacted, so that the log is empty."""
        self.wait_until_idle(lambda: sum(path.stat().st_size for path in (self.directory / "wal").rglob("*.wal")) < 1 << 20)

    def disk_bytes(self):
        return bytes_below(self.directory / "data")

    def spell(self, question):
        window = f"time >= '{text_of(question.begin)}' AND time < '{text_of(question.end)}'"
        hosts = " OR ".join(f"hostname = '{host}'" for host in question.hosts)
        chosen = f" AND ({hosts})" if hosts else ""
        bucket = f"time({question.type.bucket_s}s)"
        maxima = ", ".join(f"max({field})" for field in question.fields)
        means = ", ".join(f"mean({field})" for field in question.fields)
        match question.shape:
            case "max":
                text = f"SELECT {maxima} FROM cpu WHERE {window}{chosen} GROUP BY {bucket}"
            case "avg":
                text = f"SELECT {means} FROM cpu WHERE {window} GROUP BY {bucket}, hostname"
            case "high":
                text = f"SELECT * FROM cpu WHERE usage_user > 90.0 AND {window}{chosen}"
            case "last":
                text = 'SELECT * FROM cpu GROUP BY "hostname" ORDER BY time DESC LIMIT 1'
            case "newest":
                text = f"SELECT {maxima} FROM cpu WHERE time < '{text_of(question.end)}' GROUP BY {bucket} LIMIT 5"
        return self.target(db="tsbs", epoch="s", q=text)

    def read(self, question, raw):
        return answers.from_influxql(question, raw)
