"""10,000 tables of three rows each: they load, flush and restart in seconds, in a number of files that does not grow with them."""

import pathlib
import sys

import stria_server

TABLES = 10_000
TABLES_A_REQUEST = 1_000
MAX_FILES = 100


def files(server):
    return sum(1 for path in pathlib.Path(server.data).rglob("*") if path.is_file())


def check(server, state):
    counted = server.sql("SELECT count(*) FROM system.tables WHERE database = 'many'")["rows"][0][0]
    if counted != TABLES:
        sys.exit(f"{state}: {counted} tables")
    for number in (0, 1, 4999, TABLES - 1):
        rows = server.sql(f"SELECT d, v FROM t{number} ORDER BY v", "many")["rows"]
        if rows != [["a", number], ["b", number + 1], ["a", number + 2]]:
            sys.exit(f"{state}: t{number} has {rows}")
    print(f"{state}: {TABLES} tables, {files(server)} files", flush=True)
    if files(server) > MAX_FILES:
        sys.exit(f"{state}: {files(server)} files for {TABLES} tables")


def main():
    with stria_server.Server() as server:
        for first in range(0, TABLES, TABLES_A_REQUEST):
            body = "\n".join(f"t{n},d={d} v={n + at}i {1_700_000_000_000_000_000 + at}"
                             for n in range(first, first + TABLES_A_REQUEST) for at, d in enumerate("aba"))
            status, _, answer = server.write("many", body)
            if status != 204:
                sys.exit(f"write: {status} {answer[:300]}")
        check(server, "as acknowledged")
        server.flush()
        check(server, "flushed")
        server.kill()
        server.start()
        check(server, "after kill -9 and a restart")
        if server.stop() != 0:
            sys.exit("the server did not stop cleanly")
        server.start()
        check(server, "after a stop and a restart")
    print("ok")


if __name__ == "__main__":
    main()
