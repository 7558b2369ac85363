"""Lines that their table refuses: kept over a restart, listed, written again when the table has changed, dropped."""

import sys

import stria_server


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r}, expected {expected!r}")


def main():
    with stria_server.Server() as server:
        def rejects(*arguments):
            done = stria_server.stria("rejects", *arguments, "-H", f"http://{server.host}")
            return done.returncode, done.stdout.strip(), done.stderr.strip()

        server.write("plant", "readings,device=a temperature=20.5 1000000000")
        server.sql("CREATE TABLE bounded WITH (max_series = 1)", "plant")
        server.write("plant", "bounded,device=a v=1 1")
        status, headers, _ = server.write("plant", "readings,device=b temperature=\"warm\" 2000000000\nreadings,device=b temperature=21 3000000000")
        expect("a type conflict", (status, headers["x-stria-rows-written"]), (400, "1"))
        status, headers, answer = server.write("plant", "bounded,device=b v=2 2\nbounded,device=a v=3 3")
        expect("a series too many", (status, headers["x-stria-rows-written"]), (400, "1"))
        if b"Tag \\\"device\\\" has the most values, 1, such as \\\"a\\\"" not in answer:
            sys.exit(f"the tag that grew is not named: {answer}")

        expect("the exit code of a stop", server.stop(), 0)
        server.start()
        code, listed, _ = rejects("list", "--format", "jsonl")
        expect("list", (code, len(listed.splitlines())), (0, 2))
        for part in ("readings,device=b temperature=", "type_conflict", "bounded,device=b v=2 2", "series_limit"):
            if part not in listed:
                sys.exit(f"{part} is not in {listed}")

        code, output, errors = rejects("replay")
        expect("a replay in vain", (code, output), (1, "0 lines written"))
        if "2 lines were refused again" not in errors:
            sys.exit(errors)
        server.sql("ALTER TABLE bounded SET (max_series = 2)", "plant")
        code, output, _ = rejects("replay")
        expect("a replay in part", (code, output), (4, "1 line written"))
        expect("what is there", server.sql("SELECT device, v FROM bounded ORDER BY v", "plant")["rows"], [["a", 1], ["b", 2], ["a", 3]])
        expect("the wrong database", rejects("drop", "other.readings")[:2], (0, "0 lines dropped"))
        expect("no table said", rejects("drop")[0], 2)
        expect("drop", rejects("drop", "plant.readings")[:2], (0, "1 line dropped"))
        expect("the end", server.sql("SELECT count(*) FROM system.rejects")["rows"], [[0]])
        server.kill()
        server.start()
        expect("after kill -9 and a restart", server.sql("SELECT count(*) FROM system.rejects")["rows"], [[0]])
    print("ok")


if __name__ == "__main__":
    main()
