"""Kills the server with SIGKILL again and again while four processes write to it, and compares what is
there after each restart with the ledger of what was acknowledged before.

Every acknowledged row must be there; every batch that was not acknowledged must be there whole or not
at all, in all of the three tables that it writes to; what was deleted must be gone. A third of the kills
come from outside at a random moment; the others hit the server at a kill point, so that every phase has
at least one in twenty of them. The memtables are so small that every cycle flushes.

usage: kill_test.py [--kills N] [--shards N]
"""

import argparse
import collections
import http.client
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import stria_server
import write_ledger

# Phase of the report -> kill points that stand in it, with the greatest pass worth waiting for.
PHASES = {
    "WAL append": [("wal.append", 60), ("wal.sync", 60), ("wal.apply", 60)],
    "segment roll": [("wal.roll", 3), ("wal.header", 3)],
    "flush": [("flush.begin", 4), ("flush.write", 4), ("flush.link", 4), ("flush.commit", 4), ("flush.end", 4)],
    "manifest commit": [("manifest.commit", 5), ("commit.link", 5), ("commit.sync_directory", 5)],
    "recovery": [("recovery.replay", 4), ("recovery.commit", 1)],
    "compaction": [("compaction.read", 1), ("compaction.write", 1), ("compaction.commit", 1)],
}
DELETE_PHASE = {"delete": [("delete.log", 5)]}  # Where the server knows DELETE.
EVERYTHING_EACH = 50  # Kills after which all batches are compared, and not only the last ones.


class Campaign:
    def __init__(self, kills, shards, seed):
        self.kills, self.rng = kills, random.Random(seed)
        self.port = write_ledger.free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="stria-kill-ledger-"))
        self.server = stria_server.Server(
            "--shards", str(shards), "--set", "storage.memtable=96KiB", "--set", "storage.wal_segment=1MiB",
            http=f"127.0.0.1:{self.port}")
        self.report = collections.Counter()
        self.phases = dict(PHASES)
        self.flushes = []

    def run(self):
        self.server.start()
        deletes = write_ledger.knows_delete(self.server)
        if deletes:
            self.phases.update(DELETE_PHASE)
        writers = write_ledger.Writers(self.directory, self.port, deletes)
        since = [0] * write_ledger.WRITERS
        begin = time.monotonic()
        try:
            while self.report.total() < self.kills:
                before = [ledger.last() for ledger in writers.ledgers()]
                self.kill_once()
                self.restart()
                everything = self.report.total() % EVERYTHING_EACH == 0
                checked = write_ledger.check(self.server, writers.ledgers(), [0] * len(since) if everything else since)
                since = [number - 2 * write_ledger.DELETED_BEHIND for number in before]
                print(f"{self.report.total()} kills, {checked} rows compared", flush=True)
        finally:
            writers.stop()
        seconds = (time.monotonic() - begin) / self.kills
        checked = write_ledger.check(self.server, writers.ledgers(), [0] * write_ledger.WRITERS)
        self.server.close()
        for phase in ["at random", *self.phases]:
            print(f"  kills in {phase}: {self.report[phase]}")
        # The share that each must have means something where there are enough of them.
        wanted = self.kills / 20 if self.kills >= 200 else 1 if self.kills >= 50 else 0
        missing = [phase for phase in self.phases if self.report[phase] < wanted]
        print(f"{self.report.total()} kills, {seconds:.1f} s each; all {checked} rows of acknowledged and whole batches "
              f"agree with the ledgers; parts flushed in a cycle: at least {min(self.flushes)}")
        if missing:
            sys.exit(f"too few kills in {missing}")
        if min(self.flushes) < 3:
            sys.exit("a cycle flushed fewer than three parts")
        # The ledgers of a failure stay, to be looked at.
        shutil.rmtree(self.directory)

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
        if self.rng.random() < 0.3:
            time.sleep(self.rng.random() * 0.3)
            self.server.kill()
            self.report["at random"] += 1
            return
        # Start it anew, so that it dies by itself in the chosen phase.
        phase = self.rng.choice([p for p in self.phases if self.report[p] == min(self.report[q] for q in self.phases)])
        point, passes = self.rng.choice(self.phases[phase])
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
