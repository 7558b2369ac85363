"""VictoriaMetrics 1.79 of Debian: line protocol over HTTP in, PromQL over HTTP out."""

import pathlib
import signal

import answers
from peer import HttpPeer, Process, bytes_below


class VictoriametricsPeer(HttpPeer):
    name = "VictoriaMetrics"
    interface = "HTTP /write, 10,000 lines a batch, 2 connections; PromQL over HTTP (query_range), JSON"
    settings = "retention 100 years, response cache off (nocache=1); parts force-merged after the load"
    durability = "none for a second or more: rows are kept in memory and reach the disk in the background, without a log"
    lacks = {"high": "PromQL has no rows", "last": "PromQL has no rows", "newest": "PromQL has no LIMIT over time"}
    whole_buckets = True
    question_path = "/api/v1/query_range"

    program = "victoria-metrics"
    packages = pathlib.Path("build/bench/peers")

    def start(self):
        # Debian's build does not know its own version; the package beside it does.
        package = next(self.packages.glob("victoria-metrics_*.deb"), None)
        self.version = package.name.split("_")[1].split("+")[0] if package else "unknown"
        self.process = Process([self.program, f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=100y",
                                f"-storageDataPath={self.directory / 'data'}", "-search.maxUniqueTimeseries=10000000",
                                "-search.maxSeries=10000000", "-loggerLevel=ERROR"], self.directory)
        self.process.wait_until(lambda: self.is_ready("/health"))

    def stop(self):
        self.connection.close()
        if self.process:
            self.process.stop(signal.SIGINT)

    def settle(self):
        self.connection.timeout_s = 600
        self.connection.close()
        # Both return before their work is done.
        for target in ("/internal/force_flush", "/internal/force_merge"):
            self.connection.request("GET", target)
            self.wait_until_idle()

    def disk_bytes(self):
        return bytes_below(self.directory / "data")

    def spell(self, question):
        """Evaluated 1 ms before the end of each bucket, where the window of one width behind it is the bucket."""
        width = question.type.bucket_s
        names = "|".join(f"cpu_{field}" for field in question.fields)
        hosts = f",hostname=~'{'|'.join(question.hosts)}'" if question.hosts else ""
        series = f"{{__name__=~'{names}'{hosts}}}"
        text = (f"max(max_over_time({series}[{width}s])) by (__name__)" if question.shape == "max"
                else f"avg(avg_over_time({series}[{width}s])) by (__name__, hostname)")
        first_end = question.begin // width * width + width
        last_end = (question.end - 1) // width * width + width
        return self.target(query=text, start=f"{first_end - 0.001:.3f}", end=f"{last_end - 0.001:.3f}", step=width, nocache=1)

    def read(self, question, raw):
        return answers.only_whole_buckets(question, answers.from_prometheus(question, raw))
