"""A cardinality bomb: each line has another value of a tag. The process stays below its ceiling.

New series end in 503 resource_exhausted with Retry-After and a message that names the tag; series that are known
are written all the while, queries are answered, and a restart stays below the ceiling too. The address space is
limited as a backstop: a server that ran away would die.

    memory_test.py [--values 10000000] [--memory-mib 384]
"""

import argparse
import json
import pathlib
import resource
import sys
import threading

import stria_server

LINES_A_BODY = 20_000
BASE_TIME = 1_700_000_000_000_000_000
KNOWN = [f"m,host=h{i},session=known v=1i {BASE_TIME}" for i in range(100)]
SENDERS = 4


def expect(condition, what):
    if not condition:
        sys.exit(what)


def peak_mib(server):
    """The most that was ever resident, in MiB."""
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return sys.exit("the system does not say what was resident")


def bomb(first):
    return "\n".join(f"m,host=h{i % 100},session=3f2c9a1e-{i:012x} v={i}i {BASE_TIME + i}" for i in range(first, first + LINES_A_BODY))


class Bomber:
    """Sends new values until all are sent or `patience` bodies in a row were refused."""

    def __init__(self, server, values):
        self.server, self.values = server, values
        self.lock = threading.Lock()
        self.next = 0
        self.refused = []
        self.failures = []

    def run(self):
        threads = [threading.Thread(target=self.send) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def send(self):
        try:
            while True:
                with self.lock:
                    first, self.next = self.next, self.next + LINES_A_BODY
                if first >= self.values:
                    return
                status, headers, body = self.server.write("db", bomb(first))
                if status == 204:
                    continue
                with self.lock:
                    self.refused.append((status, headers, body.decode()))
        except Exception as error:  # A server that is gone.
            with self.lock:
                self.failures.append(repr(error))


def check_refusals(refused):
    for status, headers, body in refused:
        expect(status == 503, f"answered {status}: {body[:500]}")
        expect(headers.get("retry-after") == "1", f"no Retry-After: {headers}")
    texts = [body for _, _, body in refused if "room for another series" in body]
    expect(texts, f"no refusal speaks of series, such as {refused[-1][2][:500]}")
    message = json.loads(texts[-1])["error"]
    expect('Tag "session" has the most values' in message and "table db.m" in message, f"the tag is not named: {message[:500]}")
    return message


def check_goes_on(server, stage):
    def writes():
        status, _, body = server.write("db", KNOWN)
        expect(status in (204, 503), f"{stage}: known series were answered {status} {body[:300]}")
        return status == 204

    stria_server.wait_until(writes, 60, f"{stage}: known series to be written")
    rows = server.sql("SELECT count(*) FROM m WHERE session = 'known'", "db")["rows"]
    expect(rows[0][0] == len(KNOWN), f"{stage}: {rows} rows of known series")
    rows = server.sql("SELECT host, count(*) FROM m WHERE session = '3f2c9a1e-000000000001' GROUP BY host", "db")["rows"]
    expect(rows == [["h1", 1]], f"{stage}: {rows} of a series of the bomb")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--values", type=int, default=2_000_000)
    parser.add_argument("--memory-mib", type=int, default=256)
    options = parser.parse_args()
    ceiling = options.memory_mib
    # What a process may reserve; children have it too. Stacks and heaps reserve more than they use.
    limit = (3 * ceiling + 2048) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with stria_server.Server("--memory", f"{ceiling}MiB") as server:
        expect(server.write("db", KNOWN)[0] == 204, "the first write was refused")
        bomber = Bomber(server, options.values)
        bomber.run()
        expect(not bomber.failures, f"the server did not answer: {bomber.failures[:3]} {server.complaints()[-2000:]}")
        print(f"{options.values} values: {len(bomber.refused)} bodies refused, peak {peak_mib(server):.0f} of {ceiling} MiB", flush=True)
        expect(bomber.refused, "nothing was refused")
        print(check_refusals(bomber.refused)[:600], flush=True)
        check_goes_on(server, "after the bomb")
        server.flush()
        check_goes_on(server, "after a flush")
        series = server.sql("SELECT sum(series) FROM system.tables")["rows"][0][0]
        peak = peak_mib(server)
        print(f"{series} series, peak {peak:.0f} MiB", flush=True)
        expect(peak < ceiling, f"{peak:.0f} MiB were resident, {ceiling} is the ceiling")
        expect(server.stop() == 0, "the server did not stop cleanly")
        server.start()
        check_goes_on(server, "after a restart")
        restarted = server.sql("SELECT sum(series) FROM system.tables")["rows"][0][0]
        expect(restarted == series, f"{restarted} of {series} series after a restart")
        peak = peak_mib(server)
        print(f"after a restart: peak {peak:.0f} MiB", flush=True)
        expect(peak < ceiling, f"{peak:.0f} MiB were resident after a restart, {ceiling} is the ceiling")
        expect(server.stop() == 0, "the server did not stop cleanly")
    print("ok")


if __name__ == "__main__":
    main()
