"""`stria demo`: a fleet writes, the server is killed and started again, and the answers agree."""

import re
import sys

import stria_server


def main():
    done = stria_server.stria("demo", "--seconds", "6", "--devices", "50")
    print(done.stdout, done.stderr)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode}")
    for pattern in (r"ready in [\d.]+ s", r"50 devices writing · [\d,]+ rows/s · 0 lost", r"rows? scanned|rows",
                    r"kill -9 and restart in [\d.]+ s: [\d,]+ acknowledged before, [\d,]+ there after", r"the same answer"):
        if not re.search(pattern, done.stdout):
            sys.exit(f"nothing like {pattern}")
    before, after = re.search(r"([\d,]+) acknowledged before, ([\d,]+) there after", done.stdout).groups()
    if before != after or before == "0":
        sys.exit(f"{before} before, {after} after")
    print("ok")


if __name__ == "__main__":
    main()
