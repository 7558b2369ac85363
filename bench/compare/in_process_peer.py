"""ClickHouse (as chDB) and DuckDB, each inside a Node process: CSV in, SQL out."""

import json
import os
import pathlib
import select
import subprocess
import tempfile

import answers
import sql_text
from peer import TIMEOUT_S, Peer, TookTooLong, bytes_below
from questions import FIELDS, TAGS

HERE = pathlib.Path(__file__).resolve().parent


class InProcessPeer(Peer):
    """Talks to in_process.mjs over pipes. What the pipes cost is not measured."""

    node = "node"
    modules = "build/bench/node"
    dialect = None

    def __init__(self, directory):
        super().__init__(directory)
        self.process = self.log = None
        self.pending = b""

    def start(self):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen([self.node, HERE / "in_process.mjs", self.name.lower(), self.modules, self.directory],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, bufsize=0)
        self.pending = b""
        self.version = str(self.read_all("SELECT version()")[0][0]).removeprefix("v")

    def stop(self):
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def command(self, timeout_s=3600, **words):
        """Sends one command and returns its answer; ends the process when that takes too long."""
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        pieces = [self.pending]
        while b"\n" not in pieces[-1]:
            if not select.select([self.process.stdout], [], [], timeout_s)[0]:
                self.process.kill()
                self.stop()
                self.start()
                raise TookTooLong(words)
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                self.log.seek(0)
                raise RuntimeError(f"{self.name} ended: {self.log.read()[-1000:]}")
            pieces.append(piece)
        line, _, self.pending = b"".join(pieces).partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {words}: {answer['error']}")
        return answer

    def run(self, sql):
        self.command(run=sql)

    def read_all(self, sql):
        answer = self.command(ask=sql, keep=True)
        return answer["rows"] if "rows" in answer else json.loads(answer["text"])["data"]

    def cpu_s(self):
        return self.command(cpu=True)["cpu_s"]

    def spell(self, question):
        return sql_text.sql_of(question, self.dialect)

    def ask(self, text, keep=True):
        answer = self.command(TIMEOUT_S, ask=text, keep=keep)
        return answer["seconds"], answer


class ChdbPeer(InProcessPeer):
    name = "chDB"
    interface = "ClickHouse in process (Node): INSERT from CSV; SQL, answers as JSON"
    settings = "MergeTree ORDER BY (hostname, time), tags LowCardinality(String), DateTime; OPTIMIZE FINAL after the load"
    durability = "none promised: parts are written without a sync"
    dialect = sql_text.CLICKHOUSE

    def load(self, workload):
        tags = ", ".join(f"{tag} LowCardinality(String)" for tag in TAGS)
        fields = ", ".join(f"{field} Int64" for field in FIELDS)
        columns = f"time DateTime('UTC'), {tags}, {fields}"
        self.run(f"CREATE TABLE cpu ({columns}) ENGINE = MergeTree ORDER BY (hostname, time)")
        text_columns = columns.replace("'", "''")
        for path in workload.csv:
            self.run(f"INSERT INTO cpu SELECT * FROM file('{path}', 'CSV', '{text_columns}')")

    def settle(self):
        self.run("OPTIMIZE TABLE cpu FINAL")

    def disk_bytes(self):
        return int(self.read_all("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'cpu'")[0][0])

    def read(self, question, raw):
        return answers.from_clickhouse(question, raw["text"])


class DuckdbPeer(InProcessPeer):
    name = "DuckDB"
    interface = "in process (Node): COPY of CSV; SQL, answers as its own column chunks"
    settings = "one table in time order, so that zone maps prune by time; CHECKPOINT after the load"
    durability = "each COPY synced to disk at its commit"
    dialect = sql_text.DUCKDB

    def load(self, workload):
        columns = ", ".join([*(f"{tag} VARCHAR" for tag in TAGS), *(f"{field} BIGINT" for field in FIELDS)])
        self.run(f"CREATE TABLE cpu (time TIMESTAMP, {columns})")
        for path in workload.csv:
            self.run(f"COPY cpu FROM '{path}' (FORMAT csv, HEADER false)")

    def settle(self):
        self.run("CHECKPOINT")

    def disk_bytes(self):
        return bytes_below(self.directory)

    def read(self, question, raw):
        return answers.from_table(question, raw["columns"], raw["rows"])
