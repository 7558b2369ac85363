"""Starts a real server process for an end-to-end test, and talks to it. Standard library only."""

import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

STRIA = os.environ.get("STRIA_PROGRAM", "build/release/bin/stria")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def seed() -> int:
    """The seed of this run: STRIA_TEST_SEED, or a fresh one; printed so that a failure can be repeated."""
    value = int(os.environ.get("STRIA_TEST_SEED") or random.SystemRandom().randrange(1 << 31))
    print(f"seed {value} (STRIA_TEST_SEED={value} repeats this run)", flush=True)
    return value


def data_file(full: str, slice_name: str) -> pathlib.Path:
    """The full reference set where STRIA_TEST_DATA has it, else the committed slice of it."""
    base = pathlib.Path(os.environ.get("STRIA_TEST_DATA") or ROOT.parent / "shared" / "data")
    path = base / "tsbs" / full
    return path if path.exists() and os.environ.get("QUICK", "") == "" else ROOT / "tests" / "data" / slice_name


def read_lines(path: pathlib.Path):
    """The lines of a .zst file."""
    process = subprocess.Popen(["zstd", "-dcq", str(path)], stdout=subprocess.PIPE, text=True)
    yield from process.stdout
    if process.wait() != 0:
        raise RuntimeError(f"zstd could not read {path}")


class Server:
    """One data directory and the server process that runs on it."""

    def __init__(self, *flags: str, data: str | None = None, env: dict | None = None, http: str = "127.0.0.1:0"):
        self.flags = list(flags)
        self.http = http
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="stria-e2e-")
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.stderr = None
        self.host = ""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, env: dict | None = None, patience_s: float = 60) -> str:
        """Starts the server and returns its ready line; raises with what it said when it does not start."""
        self.release()
        self.stderr = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [STRIA, "serve", "--data", self.data, "--http", self.http, *self.flags],
            stdout=subprocess.PIPE, stderr=self.stderr, text=True, env=dict(self.env, **(env or {})))
        line = self.process.stdout.readline()
        match = re.search(r"http=(\S+)", line)
        if not match:
            self.process.wait(patience_s)
            raise RuntimeError(f"server did not start (exit {self.process.returncode}): {line}{self.complaints()}")
        self.host = match.group(1)
        return line

    def complaints(self) -> str:
        self.stderr.seek(0)
        return self.stderr.read()

    def release(self):
        """Closes what belongs to the last process."""
        if self.stderr is not None:
            self.stderr.close()
            self.process.stdout.close()
            self.stderr = None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, patience_s: float = 30) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience_s)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.release()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)

    def request(self, method: str, target: str, body=None, headers=None, timeout=120):
        """Returns (status, headers, body bytes)."""
        connection = http.client.HTTPConnection(self.host, timeout=timeout)
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, target, body=data, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def write(self, database: str, lines, precision="ns"):
        body = lines if isinstance(lines, (bytes, str)) else "\n".join(lines)
        return self.request("POST", f"/write?db={database}&precision={precision}", body)

    def sql(self, statement: str, database: str = "", epoch="ns"):
        """The answer as {"columns", "rows", "stats"}; raises on an error."""
        status, _, body = self.sql_raw(statement, database, epoch)
        if status != 200:
            raise RuntimeError(f"{statement}: {status} {body.decode(errors='replace')}")
        return json.loads(body)

    def sql_raw(self, statement: str, database: str = "", epoch="ns", fmt="json"):
        query = urllib.parse.urlencode({"q": statement, "db": database, "epoch": epoch, "format": fmt})
        return self.request("GET", "/api/v1/sql?" + query)

    def count(self, database: str, table: str) -> int:
        return self.sql(f'SELECT count(*) FROM "{table}"', database)["rows"][0][0]

    def flush(self):
        status, _, body = self.request("POST", "/api/v1/flush")
        assert status // 100 == 2, (status, body)


def stria(*arguments: str, **kwargs) -> subprocess.CompletedProcess:
    """Runs the program with arguments and returns what it said."""
    return subprocess.run([STRIA, *arguments], capture_output=True, text=True, check=False, timeout=600, **kwargs)


def wait_until(condition, patience_s: float = 30, what: str = "condition"):
    """Polls an outside process; fails when it takes longer than `patience_s`."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {patience_s} s for {what}")
        time.sleep(0.02)
