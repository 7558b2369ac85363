"""Processes that write to a server and note what it acknowledged, and the comparison of that with what it has.

Each batch writes to three tables, with times that no other batch has; now and then one is deleted from the last table
again. An acknowledged batch must be there whole, in all tables, and a deleted one not in the last. A batch that was not
acknowledged is there whole or not at all; a delete that was not acknowledged has taken all rows or none.
"""

import http.client
import json
import multiprocessing
import pathlib
import socket
import sys
import time
import urllib.parse

WRITERS = 4
TABLES = ["alpha", "beta", "gamma"]
ROWS = 60  # Of a batch in each table.
DATABASE = "kill"
FIRST_NS = 1_700_000_000_000_000_000
BATCH_NS = ROWS * 1_000_000
DELETED_BEHIND = 20  # Every fifth batch deletes the one so many before it.


def batch_body(writer, number):
    """Line protocol of one batch: ROWS rows in each table, times that no other batch has."""
    lines = []
    for table in TABLES:
        for row in range(ROWS):
            when = FIRST_NS + number * BATCH_NS + row * 1_000_000 + writer
            lines.append(f"{table},writer=w{writer},device=d{row % 7} batch={number}i,row={row}i,"
                         f"value={number * 0.5 + row} {when}")
    return "\n".join(lines)


def delete_statement(writer, number):
    first = FIRST_NS + number * BATCH_NS
    return (f"DELETE FROM {TABLES[-1]} WHERE writer = 'w{writer}' AND time >= {first} AND time < {first + BATCH_NS}")


def write_forever(writer, port, ledger_path, deletes):
    """Sends batch after batch; notes each before it is sent (s) and when it is acknowledged (a); deletes: d and e."""
    connection = None
    number = 0
    acknowledged = set()

    def ask(method, target, body=None):
        """The status of the answer, or 0."""
        nonlocal connection
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(method, target, body)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            connection = None
            time.sleep(0.02)
            return 0

    with open(ledger_path, "a", buffering=1) as ledger:
        while True:
            number += 1
            ledger.write(f"s {number}\n")
            if ask("POST", f"/write?db={DATABASE}", batch_body(writer, number)) == 204:
                ledger.write(f"a {number}\n")
                acknowledged.add(number)
            old = number - DELETED_BEHIND
            if deletes and number % 5 == 0 and old in acknowledged:
                acknowledged.remove(old)
                ledger.write(f"d {old}\n")
                target = "/api/v1/sql?" + urllib.parse.urlencode({"db": DATABASE, "q": delete_statement(writer, old)})
                if ask("POST", target) == 200:
                    ledger.write(f"e {old}\n")


class Ledger:
    """What one writer noted: numbers of batches by mark."""

    def __init__(self, path):
        self.path = path
        self.sent, self.acknowledged, self.delete_sent, self.deleted = set(), set(), set(), set()
        by_mark = {"s": self.sent, "a": self.acknowledged, "d": self.delete_sent, "e": self.deleted}
        for line in pathlib.Path(path).read_text().splitlines():
            mark, number = line.split()
            by_mark[mark].add(int(number))

    def last(self):
        return max(self.acknowledged, default=0)

    def allows(self, number, state):
        whole = (ROWS, ROWS * (ROWS - 1) // 2)
        if number not in self.acknowledged:
            return state in ([whole] * len(TABLES), [None] * len(TABLES))
        kept, gone = [whole] * len(TABLES), [whole] * (len(TABLES) - 1) + [None]
        return (state == kept and number not in self.deleted) or (state == gone and number in self.delete_sent)


def batch_states(server, writer, after):
    """What each table has of a batch numbered above `after`: a function from number to a list of (rows, sum)."""
    found = []
    for table in TABLES:
        rows = server.sql(f"SELECT batch, count(*), sum(row) FROM {table} WHERE writer = 'w{writer}' AND "
                          f"batch > {after} GROUP BY batch", DATABASE)["rows"]
        found.append({batch: (count, total_row) for batch, count, total_row in rows})
    return lambda number: [table.get(number) for table in found]


def check(server, ledgers, since):
    """Compares batches numbered above `since[writer]` with what the server has: (batches that are there, rows).

    `ledgers` was read before whatever happened to the server. A batch under way may be neither here nor there while it
    is looked at; whoever is not right is looked at again.
    """
    total = 0
    for writer, ledger in enumerate(ledgers):
        numbers = [number for number in ledger.sent if number > since[writer]]
        states = batch_states(server, writer, since[writer])
        wrong = [number for number in numbers if not ledger.allows(number, states(number))]
        if wrong:
            again = batch_states(server, writer, min(wrong) - 1)
            now = Ledger(ledger.path)
            wrong = [(number, again(number), number in ledger.acknowledged, number in ledger.deleted) for number in wrong
                     if not ledger.allows(number, again(number)) and not now.allows(number, again(number))]
        if wrong:
            sys.exit(f"writer {writer}: batches that are not as they must be (number, rows by table, acknowledged, "
                     f"deleted): {json.dumps(wrong[:3])}")
        total += sum(state[0] for number in numbers for state in states(number) if state)
    return total


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Writers:
    """The processes and their ledgers, in `directory`. They go on while the server is away."""

    def __init__(self, directory, port, deletes):
        self.paths = [pathlib.Path(directory) / f"writer{i}" for i in range(WRITERS)]
        for path in self.paths:
            path.touch()
        self.processes = [multiprocessing.Process(target=write_forever, args=(i, port, path, deletes), daemon=True)
                          for i, path in enumerate(self.paths)]
        for process in self.processes:
            process.start()

    def ledgers(self):
        return [Ledger(path) for path in self.paths]

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.join()


def knows_delete(server):
    """Makes the tables, and says whether rows can be deleted from them."""
    server.write(DATABASE, "\n".join(f"{table},writer=none batch=0i,row=0i,value=0 {FIRST_NS}" for table in TABLES))
    return server.sql_raw(delete_statement("none", 0), DATABASE)[0] == 200
