"""Stria: line protocol over HTTP in, SQL over HTTP out."""

import re
import signal
import subprocess

import answers
import sql_text
from peer import HttpPeer, Process, bytes_below


class StriaPeer(HttpPeer):
    name = "Stria"
    interface = "HTTP /write, 10,000 lines a batch, 2 connections; SQL over HTTP, JSON"
    settings = "defaults; flushed and compacted after the load"
    durability = "every batch synced to disk before its acknowledgement"
    question_path = "/api/v1/sql"

    program = "build/release/bin/stria"

    def start(self):
        self.version = re.search(r"\d+\.\d+\.\d+\S*", subprocess.run([self.program, "--version"], capture_output=True, text=True,
                                                                     check=True).stdout).group(0)
        self.process = Process([self.program, "serve", "--data", self.directory / "data", "--http", f"127.0.0.1:{self.port}"],
                               self.directory)
        self.process.wait_until(lambda: self.is_ready("/health"))

    def stop(self):
        self.connection.close()
        if self.process:
            self.process.stop(signal.SIGTERM)

    def settle(self):
        self.connection.timeout_s = 600
        self.connection.close()
        self.post("/api/v1/flush")
        self.post("/api/v1/compact")

    def disk_bytes(self):
        return bytes_below(self.directory / "data", leave_out=("wal",))

    def spell(self, question):
        return self.target(db="tsbs", epoch="s", format="json", q=sql_text.sql_of(question, sql_text.STRIA))

    def read(self, question, raw):
        return answers.from_stria(question, raw)
