"""A full disk: writes are answered 503 disk_full, reads go on, nothing acknowledged is lost, and it heals by itself.

Runs the server on a small file system of its own, which needs root. The mount is in a namespace of this process
and goes with it.
"""

import json
import os
import pathlib
import sys
import tempfile

import stria_server

DISK_MIB = 96
ROWS_A_BATCH = 20_000
SKIP = 77


def batch(number):
    first = number * ROWS_A_BATCH
    # Values that do not compress, so that the disk fills.
    return "\n".join(f"m,d=d{i % 50} v={(i * 2654435761) % 2**62}i,w={i * 0.7390851332151607} {1_700_000_000_000_000_000 + i * 1000}"
                     for i in range(first, first + ROWS_A_BATCH))


def write(server, number):
    status, _, body = server.write("db", batch(number))
    return status, body


def expect(condition, what):
    if not condition:
        sys.exit(what)


def take_free_space(ballast):
    """Leaves 2 MiB: less than the reserve, and enough for a start."""
    space = os.statvfs(ballast.parent)
    wanted = space.f_bavail * space.f_frsize - (2 << 20)
    if wanted > 0:
        with open(ballast, "ab") as file:
            os.posix_fallocate(file.fileno(), ballast.stat().st_size, wanted)


def run(directory):
    ballast = pathlib.Path(directory) / "ballast"
    server = stria_server.Server("--set", "storage.memtable=4MiB", "--set", "storage.wal=16MiB", "--set", "storage.wal_segment=2MiB",
                                 data=directory + "/data")
    with server:
        acknowledged = 0
        expect(write(server, 0)[0] == 204, "the first batch was refused")
        acknowledged = 1
        # Everything that is free is taken away, but for a little.
        free = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, free - (12 << 20)))
        refused = None
        for number in range(1, 200):
            status, body = write(server, number)
            if status != 204:
                refused = (status, json.loads(body) if body else {})
                break
            acknowledged += 1
        expect(refused is not None, "200 batches fitted on a full disk")
        expect(refused[0] == 503, f"a full disk was answered {refused}")
        expect("disk is full" in json.dumps(refused[1]), f"the answer does not speak of a full disk: {refused}")
        print(f"full after {acknowledged} batches: {refused[1]}", flush=True)

        def count():
            return server.count("db", "m")

        expect(count() == acknowledged * ROWS_A_BATCH, f"{count()} rows, {acknowledged} batches were acknowledged")

        def v2_is_refused():
            # A flush that was under way may have given space back.
            take_free_space(ballast)
            return server.request("POST", "/api/v2/write?bucket=db", "other,d=d1 v=1i 1")[0] == 503

        stria_server.wait_until(v2_is_refused, 30, "v2 to be refused on a full disk")
        health = json.loads(server.request("GET", "/health")[2])
        expect("disk" in json.dumps(health), f"health says nothing of the disk: {health}")

        # A restart on a full disk serves reads.
        server.kill()
        server.start()
        expect(count() == acknowledged * ROWS_A_BATCH, f"after a restart {count()} rows of {acknowledged} batches")

        # Space comes back; nobody restarts anything.
        ballast.unlink()
        stria_server.wait_until(lambda: write(server, acknowledged)[0] == 204, 30, "writes to go on by themselves")
        acknowledged += 1
        server.flush()
        expect(count() == acknowledged * ROWS_A_BATCH, f"{count()} rows, {acknowledged} batches were acknowledged")
        server.kill()
        server.start()
        expect(count() == acknowledged * ROWS_A_BATCH, f"after another restart {count()} rows")
        expect(server.stop() == 0, "the server did not stop cleanly")
    print("ok")


def main():
    if os.geteuid() != 0:
        print("skipped: mounting a small file system needs root")
        sys.exit(SKIP)
    if os.environ.get("STRIA_OWN_NAMESPACE") != "1":
        # In a chroot the root is no mount point and cannot be made private; the unmount below does without.
        private = 'mount --make-rprivate / 2>/dev/null; exec "$@"'
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", private, "sh", sys.executable, __file__],
                   dict(os.environ, STRIA_OWN_NAMESPACE="1"))
    with tempfile.TemporaryDirectory(prefix="stria-disk-") as directory:
        if os.system(f"mount -t tmpfs -o size={DISK_MIB}m none {directory}") != 0:
            print("skipped: no file system can be mounted here")
            sys.exit(SKIP)
        try:
            run(directory)
        finally:
            os.system(f"umount --lazy {directory}")


if __name__ == "__main__":
    main()
