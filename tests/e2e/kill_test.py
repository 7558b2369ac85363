"""Kills the server with SIGKILL again and again while four processes write to it, and compares what is
there after each restart with the ledger of what was acknowledged before.

Every acknowledged row must be there; every batch that was not acknowledged must be there whole or not
at all, in all of the three tables that it writes to. Half of the kills come from outside at a random
moment; the other half hit the server at a kill point, so that every phase is met. The memtables are so
small that every cycle flushes.

usage: kill_test.py [--kills N] [--shards N]
"""

import argparse
import collections
import http.client
import multiprocessing
import os
import pathlib
import random
import shutil
import socket
import sys
import tempfile
import time

import stria_server

WRITERS = 4
TABLES = ["alpha", "beta", "gamma"]
ROWS = 60  # Of a batch in each table.
DATABASE = "kill"
# Phase of the report -> kill points that stand in it, with the greatest pass worth waiting for.
PHASES = {
    "WAL append": [("wal.append", 60), ("wal.sync", 60), ("wal.apply", 60)],
    "segment roll": [("wal.roll", 3), ("wal.header", 3)],
    "flush": [("flush.begin", 4), ("flush.write", 4), ("flush.link", 4), ("flush.commit", 4), ("flush.end", 4)],
    "manifest commit": [("manifest.commit", 5), ("commit.link", 5), ("commit.sync_directory", 5)],
    "recovery": [("recovery.replay", 4), ("recovery.commit", 1)],
    "compaction": [("compaction.read", 1), ("compaction.write", 1), ("compaction.commit", 1)],
}


def batch_body(writer, number):
    """Line protocol of one batch: ROWS rows in each table, times that no other batch has."""
    lines = []
    for table in TABLES:
        for row in range(ROWS):
            when = 1_700_000_000_000_000_000 + (number * ROWS + row) * 1_000_000 + writer
            lines.append(f"{table},writer=w{writer},device=d{row % 7} batch={number}i,row={row}i,"
                         f"value={number * 0.5 + row} {when}")
    return "\n".join(lines)


def write_forever(writer, port, ledger_path):
    """Sends batch after batch; notes each before it is sent (s) and when it is acknowledged (a)."""
    connection = None
    number = 0
    with open(ledger_path, "a", buffering=1) as ledger:
        while True:
            number += 1
            ledger.write(f"s {number}\n")
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                connection.request("POST", f"/write?db={DATABASE}", batch_body(writer, number))
                answer = connection.getresponse()
                answer.read()
                if answer.status == 204:
                    ledger.write(f"a {number}\n")
            except OSError:
                connection = None
                time.sleep(0.05)
            except http.client.HTTPException:
                connection = None
                time.sleep(0.05)


def read_ledger(path):
    sent, acknowledged = set(), set()
    for line in path.read_text().splitlines():
        mark, number = line.split()
        (sent if mark == "s" else acknowledged).add(int(number))
    return sent, acknowledged


def batch_states(server, writer, after):
    """What each table has of a batch numbered above `after`: a function from number to a list of (rows, sum)."""
    found = []
    for table in TABLES:
        rows = server.sql(f"SELECT batch, count(*), sum(row) FROM {table} WHERE writer = 'w{writer}' AND "
                          f"batch > {after} GROUP BY batch", DATABASE)["rows"]
        found.append({batch: (count, total_row) for batch, count, total_row in rows})
    return lambda number: [table.get(number) for table in found]


def check(server, ledgers, since):
    """Compares batches numbered above `since[writer]` with what the server has. Returns rows checked."""
    total = 0
    for writer, path in enumerate(ledgers):
        # The ledger first: what is acknowledged from now on may or may not be seen.
        sent, acknowledged = read_ledger(path)
        numbers = [number for number in sent if number > since[writer]]
        states = batch_states(server, writer, since[writer])
        whole = (ROWS, ROWS * (ROWS - 1) // 2)
        fine = ([whole] * len(TABLES), [None] * len(TABLES))
        lost = [(number, states(number)) for number in numbers if number in acknowledged and states(number) != fine[0]]
        torn = [number for number in numbers if number not in acknowledged and states(number) not in fine]
        if torn:
            # The tables are asked one after the other, and a batch under way may have come in between. It is whole
            # now; what a crash has torn stays torn.
            again = batch_states(server, writer, min(torn) - 1)
            torn = [(number, again(number)) for number in torn if again(number) not in fine]
        total += sum(ROWS * len(TABLES) for number in numbers if states(number) == fine[0])
        if lost or torn:
            sys.exit(f"writer {writer}: acknowledged and not there: {lost[:3]}; there in part: {torn[:3]}")
    return total


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Campaign:
    def __init__(self, kills, shards, seed):
        self.kills, self.rng = kills, random.Random(seed)
        self.port = free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="stria-kill-ledger-"))
        self.ledgers = [self.directory / f"writer{i}" for i in range(WRITERS)]
        self.server = stria_server.Server(
            "--shards", str(shards), "--set", "storage.memtable=96KiB", "--set", "storage.wal_segment=1MiB",
            http=f"127.0.0.1:{self.port}")
        self.report = collections.Counter()
        self.flushes = []

    def run(self):
        for path in self.ledgers:
            path.touch()
        self.server.start()
        writers = [multiprocessing.Process(target=write_forever, args=(i, self.port, path), daemon=True)
                   for i, path in enumerate(self.ledgers)]
        for writer in writers:
            writer.start()
        since = [0] * WRITERS
        checked = 0
        try:
            while sum(self.report.values()) < self.kills:
                before = [max(read_ledger(path)[1], default=0) for path in self.ledgers]
                self.kill_once()
                self.restart()
                everything = sum(self.report.values()) % 10 == 0
                checked = check(self.server, self.ledgers, [0] * WRITERS if everything else since)
                since = before
                print(f"{sum(self.report.values())} kills, {checked} rows compared", flush=True)
        finally:
            for writer in writers:
                writer.terminate()
                writer.join()
        checked = check(self.server, self.ledgers, [0] * WRITERS)
        self.server.close()
        for phase in ["at random", *PHASES]:
            print(f"  kills in {phase}: {self.report[phase]}")
        missing = [phase for phase in PHASES if self.report[phase] == 0]
        print(f"{sum(self.report.values())} kills; all {checked} rows of acknowledged and whole batches agree "
              f"with the ledgers; parts flushed in a cycle: at least {min(self.flushes)}")
        if missing and self.kills >= 50:
            sys.exit(f"no kill in {missing}")
        if min(self.flushes) < 3:
            sys.exit("a cycle flushed fewer than three parts")
        # The ledgers of a failure stay, to be looked at.
        shutil.rmtree(self.directory)

    def parts(self):
        return self.server.sql("SELECT count(*) FROM system.parts")["rows"][0][0]

    def wait_for_parts(self):
        """Until three parts more than at the start of the cycle were flushed."""
        first = self.flushed_parts()
        stria_server.wait_until(lambda: self.flushed_parts() >= first + 3, 60, "three parts")
        self.flushes.append(self.flushed_parts() - first)

    def flushed_parts(self):
        """Parts are replaced by compaction, so what counts is the sequence numbers that flushes reached."""
        rows = self.server.sql("SELECT file, offset FROM system.parts WHERE tier = 'hot'")["rows"]
        self.seen = getattr(self, "seen", set()) | {tuple(row) for row in rows}
        return len(self.seen)

    def kill_once(self):
        self.wait_for_parts()
        if self.rng.random() < 0.4:
            time.sleep(self.rng.random() * 0.3)
            self.server.kill()
            self.report["at random"] += 1
            return
        # Stop it in order, and start it so that it dies by itself in the chosen phase.
        phase = self.rng.choice([p for p in PHASES if self.report[p] == min(self.report[q] for q in PHASES)])
        point, passes = self.rng.choice(PHASES[phase])
        self.server.kill()
        try:
            self.server.start(env={"STRIA_KILL_AT": f"{point}:{self.rng.randint(1, passes)}"})
        except RuntimeError:
            pass  # It died before it was ready: in recovery, or in the commit that ends it.
        if self.server.process.poll() is None and phase == "compaction":
            try:
                self.server.request("POST", "/api/v1/compact")
            except (OSError, http.client.HTTPException):
                pass
        deadline = time.monotonic() + 20
        while self.server.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        hit = self.server.process.poll() is not None
        if self.server.process.poll() is None:
            self.server.kill()
        self.report[phase if hit else "at random"] += 1

    def restart(self):
        self.server.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--shards", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    Campaign(options.kills, options.shards, stria_server.seed()).run()
    print("ok")


if __name__ == "__main__":
    main()
