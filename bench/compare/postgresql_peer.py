"""PostgreSQL 15 of Debian: COPY in, SQL out."""

import os
import re
import signal
import subprocess
import threading
import time

import answers
import sql_text
from peer import NUM_WORKERS, TIMEOUT_S, Peer, Process, TookTooLong, free_port, tree_cpu_s, user_group
from postgres_connection import PostgresConnection, PostgresError, table_of
from questions import FIELDS, TAGS


class PostgresqlPeer(Peer):
    name = "PostgreSQL"
    interface = "COPY of CSV, 2 sessions; SQL over its own protocol"
    settings = ("shared_buffers a quarter of memory, work_mem 64MB, maintenance_work_mem 1GB, max_wal_size 16GB, random_page_cost "
                "1.1; indexes (hostname, time DESC) and BRIN (time) are made after the COPY and count as loading; VACUUM ANALYZE; "
                "a table of the hosts serves lastpoint")
    durability = "the whole COPY synced to disk at its commit"

    programs = "/usr/lib/postgresql/15/bin"

    def __init__(self, directory):
        super().__init__(directory)
        self.port = free_port()
        self.process = self.session = None
        # initdb and the server refuse to run as root.
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.directory, -1, user_group(self.user))
            self.directory.chmod(0o770)

    def connect(self):
        return PostgresConnection("127.0.0.1", self.port, "postgres", "postgres", 3600)

    def is_ready(self):
        try:
            self.connect().close()
            return True
        except (OSError, PostgresError):
            return False

    def start(self):
        data = self.directory / "data"
        run_as = {"user": self.user, "group": user_group(self.user), "extra_groups": []} if self.user else {}
        subprocess.run([f"{self.programs}/initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"],
                       check=True, stdout=subprocess.DEVNULL, cwd=self.directory, **run_as)
        memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        wanted = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "timezone": "UTC",
                  "shared_buffers": f"{memory_mib // 4}MB", "effective_cache_size": f"{memory_mib // 2}MB", "work_mem": "64MB",
                  "maintenance_work_mem": "1GB", "max_wal_size": "16GB", "random_page_cost": "1.1"}
        flags = [word for name, value in wanted.items() for word in ("-c", f"{name}={value}")]
        self.process = Process([f"{self.programs}/postgres", "-D", data, *flags], self.directory, user=self.user)
        self.process.wait_until(self.is_ready)
        self.session = self.connect()
        self.version = re.match(r"[\d.]+", self.session.run("SHOW server_version")[0][0]).group(0)

    def stop(self):
        if self.session:
            self.session.close()
        if self.process:
            self.process.stop(signal.SIGINT)

    def load(self, workload):
        columns = ", ".join([*(f"{tag} text" for tag in TAGS), *(f"{field} bigint" for field in FIELDS)])
        self.session.run(f"CREATE TABLE cpu (time timestamptz NOT NULL, {columns})")
        failures = []

        def copy(path):
            try:
                session = self.connect()
                session.run(f"COPY cpu FROM '{path}' WITH (FORMAT csv)")
                session.close()
            except (OSError, PostgresError) as failure:
                failures.append(failure)

        threads = [threading.Thread(target=copy, args=(path,)) for path in workload.csv[:NUM_WORKERS]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        self.session.run("CREATE INDEX ON cpu (hostname, time DESC)")
        self.session.run("CREATE INDEX ON cpu USING brin (time)")

    def settle(self):
        self.session.run("CREATE TABLE hosts AS SELECT DISTINCT hostname FROM cpu")
        self.session.run("VACUUM ANALYZE cpu")
        self.session.run("ANALYZE hosts")
        self.session.run("CHECKPOINT")
        self.session.run(f"SET statement_timeout = '{TIMEOUT_S}s'")

    def cpu_s(self):
        return tree_cpu_s(self.process.pid)

    def disk_bytes(self):
        return int(self.session.run("SELECT pg_total_relation_size('cpu')")[0][0])

    def spell(self, question):
        return sql_text.sql_of(question, sql_text.POSTGRESQL)

    def ask(self, text, keep=True):
        started = time.perf_counter()
        raw = self.session.ask(text)
        seconds = time.perf_counter() - started
        if seconds > TIMEOUT_S - 1:
            raise TookTooLong(text)
        return seconds, raw

    def read(self, question, raw):
        columns, rows = table_of(raw)
        return answers.from_table(question, columns, rows, answers.seconds_of)
