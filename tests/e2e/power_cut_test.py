"""Cuts the power of a server's disk under load, again and again, and compares what is there after a restart with the
ledger of what was acknowledged before the cut.

The disk is an ext4 of its own on a loop device. A cut is EXT4_IOC_SHUTDOWN: from that moment nothing is written out any
more, also not what the kernel still holds; the journal is replayed at the next mount, as after a real loss of power.
The mount is in a namespace of this process and goes with it. Needs root, loop devices and mkfs.ext4.

usage: power_cut_test.py [--cuts N] [--shards N]
"""

import argparse
import fcntl
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import stria_server
import write_ledger

SKIP = 77
EXT4_IOC_SHUTDOWN = 0x8004587D
# What the kernel does before it stops: writes its journal out, or nothing at all.
FLUSH_JOURNAL, FLUSH_NOTHING = 1, 2
DISK_MIB = 4096  # Sparse: what was written counts.
EVERYTHING_EACH = 20


class Disk:
    def __init__(self, directory):
        self.image = pathlib.Path(directory) / "disk.ext4"
        self.mount_point = pathlib.Path(directory) / "disk"
        self.mount_point.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(DISK_MIB << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)

    def mount(self):
        return subprocess.run(["mount", "-o", "loop", self.image, self.mount_point], check=False).returncode == 0

    def unmount(self):
        subprocess.run(["umount", self.mount_point], check=True)

    def cut(self, how):
        directory = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", how))
        finally:
            os.close(directory)


def run(disk, cuts, shards, ledger_directory):
    rng = random.Random(stria_server.seed())
    port = write_ledger.free_port()
    server = stria_server.Server("--shards", str(shards), "--set", "storage.memtable=96KiB", "--set", "storage.wal_segment=1MiB",
                                 data=str(disk.mount_point / "data"), http=f"127.0.0.1:{port}")
    server.start()
    writers = write_ledger.Writers(ledger_directory, port, write_ledger.knows_delete(server))
    since = [0] * write_ledger.WRITERS
    try:
        for made in range(1, cuts + 1):
            first = [ledger.last() for ledger in writers.ledgers()]
            stria_server.wait_until(lambda: all(ledger.last() > was for ledger, was in zip(writers.ledgers(), first)),
                                    60, "every writer to be acknowledged")
            time.sleep(rng.random() * 0.8)  # Into the middle of whatever it does.
            ledgers = writers.ledgers()
            disk.cut(rng.choice([FLUSH_JOURNAL, FLUSH_NOTHING, FLUSH_NOTHING]))
            server.kill()
            disk.unmount()
            if not disk.mount():
                sys.exit("the disk cannot be mounted any more")
            server.start()
            everything = made % EVERYTHING_EACH == 0
            checked = write_ledger.check(server, ledgers, [0] * len(since) if everything else since)
            since = [ledger.last() - 2 * write_ledger.DELETED_BEHIND for ledger in ledgers]
            print(f"{made} cuts, {checked} rows compared", flush=True)
    finally:
        writers.stop()
        try:
            checked = write_ledger.check(server, writers.ledgers(), [0] * write_ledger.WRITERS)
        finally:
            server.close()
    print(f"{cuts} cuts; all {checked} rows of acknowledged and whole batches agree with the ledgers")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=3)
    parser.add_argument("--shards", type=int, default=1)
    options = parser.parse_args()
    if os.geteuid() != 0 or not os.path.exists("/dev/loop-control") or shutil.which("mkfs.ext4") is None:
        print("skipped: an ext4 on a loop device needs root, /dev/loop-control and mkfs.ext4")
        sys.exit(SKIP)
    if os.environ.get("STRIA_OWN_NAMESPACE") != "1":
        # In a chroot the root is no mount point and cannot be made private; the unmount below does without.
        private = 'mount --make-rprivate / 2>/dev/null; exec "$@"'
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", private, "sh", sys.executable,
                               *sys.argv], dict(os.environ, STRIA_OWN_NAMESPACE="1"))
    with tempfile.TemporaryDirectory(prefix="stria-power-") as directory:
        disk = Disk(directory)
        if not disk.mount():
            print("skipped: no loop device can be mounted here")
            sys.exit(SKIP)
        try:
            run(disk, options.cuts, options.shards, directory)
        finally:
            subprocess.run(["umount", "--lazy", disk.mount_point], check=False)
    print("ok")


if __name__ == "__main__":
    main()
