"""What every engine of the comparison does: start, load, settle, answer, stop."""

import dataclasses
import os
import pathlib
import queue
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from http_connection import HttpConnection

TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT_S = 60  # of one question; a longer one is recorded as such
NUM_WORKERS = 2


class TookTooLong(Exception):
    """A question took longer than TIMEOUT_S."""


@dataclasses.dataclass
class Load:
    """What loading cost. `seconds` ends with the last acknowledgement, `cpu_s` when the engine has settled."""
    rows: int = 0
    seconds: float = 0.0
    settle_s: float = 0.0
    cpu_s: float = 0.0
    disk_bytes: int = 0


class Peer:
    """One engine in its own directory. Not thread-safe."""

    name = ""             # short, for columns
    version = ""
    interface = ""        # how data goes in and questions are asked
    settings = ""         # what differs from the defaults, and why
    durability = ""       # what an acknowledged row survives
    lacks = {}            # shape -> why it cannot be asked
    deviates = {}         # shape -> why its answer is not comparable
    whole_buckets = False  # its answers have no partial buckets

    def __init__(self, directory: pathlib.Path):
        self.directory = directory / self.name.lower()
        self.directory.mkdir()

    def start(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def load(self, workload):
        """Loads all rows; returns when the last is acknowledged."""
        raise NotImplementedError

    def settle(self):
        """Brings the data into the form in which it stays: flushed and merged."""

    def cpu_s(self):
        """CPU seconds of the engine so far."""
        raise NotImplementedError

    def disk_bytes(self):
        """Bytes of the rows at rest, indexes included, write-ahead logs not."""
        raise NotImplementedError

    def spell(self, question):
        """The question as the engine wants it; not part of what is measured."""
        raise NotImplementedError

    def ask(self, text, keep=True):
        """(seconds, raw answer); raises TookTooLong. With `keep` off the raw answer may be left out."""
        raise NotImplementedError

    def read(self, question, raw):
        """The answer in the normal form of answers.py."""
        raise NotImplementedError


class Process:
    """A server process of ours: started, watched and stopped by its pid."""

    def __init__(self, arguments, directory, env=None, user=None):
        self.log = tempfile.TemporaryFile(mode="w+")
        run_as = {"user": user, "group": user_group(user), "extra_groups": []} if user else {}
        self.process = subprocess.Popen([str(word) for word in arguments], cwd=directory, env=dict(os.environ, **(env or {})),
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, **run_as)
        self.pid = self.process.pid

    def complaints(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def wait_until(self, is_ready, patience_s=60):
        deadline = time.monotonic() + patience_s
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.process.args[0]} did not start:\n{self.complaints()}")
            time.sleep(0.05)

    def stop(self, signal_number, patience_s=30):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def user_group(user):
    import pwd
    return pwd.getpwnam(user).pw_gid


def stat_of(pid):
    """(parent, user + system seconds, the same of its children that ended) of a process, or None."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS, (int(fields[13]) + int(fields[14])) / TICKS


def tree_cpu_s(root):
    """CPU seconds of a process and all its descendants, ended ones included."""
    stats = {int(name): stat for name in os.listdir("/proc") if name.isdigit() and (stat := stat_of(name))}
    total, todo = 0.0, [root]
    while todo:
        pid = todo.pop()
        if pid in stats:
            total += stats[pid][1] + stats[pid][2]
            todo += [child for child, stat in stats.items() if stat[0] == pid]
    return total


def bytes_below(directory, leave_out=()):
    """Bytes that the files below `directory` take on disk, folders named in `leave_out` excepted."""
    total = 0
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if name not in leave_out]
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:  # merged away in the meantime
                pass
    return total


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class HttpPeer(Peer):
    """An engine that takes line protocol at /write and questions at `question_path`."""

    batch_lines = 10_000
    write_target = "/write?db=tsbs"
    question_path = ""

    def __init__(self, directory):
        super().__init__(directory)
        self.port = free_port()
        self.process = None
        self.connection = HttpConnection("127.0.0.1", self.port, TIMEOUT_S)

    def is_ready(self, path):
        try:
            return self.connection.request("GET", path)[0] // 100 == 2
        except OSError:
            return False

    def post(self, target, body=b""):
        status, answer = self.connection.request("POST", target, body)
        if status // 100 != 2:
            raise RuntimeError(f"{self.name}: {target}: {status} {answer[:300]!r}")
        return answer

    def load(self, workload):
        """Sends batches over NUM_WORKERS connections, the next as soon as one is acknowledged."""
        todo = queue.SimpleQueue()
        for body, _ in workload.bodies(self.batch_lines):
            todo.put(body)
        failures = []

        def work():
            connection = HttpConnection("127.0.0.1", self.port, TIMEOUT_S)
            try:
                while not failures:
                    status, answer = connection.request("POST", self.write_target, todo.get_nowait())
                    if status // 100 != 2:
                        raise RuntimeError(f"{self.name}: {status} {answer[:300]!r}")
            except queue.Empty:
                pass
            except (OSError, RuntimeError) as failure:
                failures.append(failure)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(NUM_WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def cpu_s(self):
        return tree_cpu_s(self.process.pid)

    def wait_until_idle(self, is_settled=lambda: True, patience_s=300):
        """Waits until the server does no work for a second, and `is_settled`."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            before = self.cpu_s()
            time.sleep(1)
            if self.cpu_s() - before < 0.1 and is_settled():
                return
        raise RuntimeError(f"{self.name} is still at work after {patience_s} s")

    def target(self, **parameters):
        return self.question_path + "?" + urllib.parse.urlencode(parameters)

    def ask(self, text, keep=True):
        started = time.perf_counter()
        try:
            status, answer = self.connection.request("GET", text)
        except TimeoutError as failure:
            raise TookTooLong(text) from failure
        seconds = time.perf_counter() - started
        if seconds > TIMEOUT_S:  # The connection only knows how long each piece took.
            raise TookTooLong(text)
        if status != 200:
            raise RuntimeError(f"{self.name}: {text}: {status} {answer[:300]!r}")
        return seconds, answer
