#!/usr/bin/env python3
"""Checks that every header compiles on its own, and that no file has a name that says nothing.

A header stands alone when a translation unit that includes nothing else compiles. All headers of a
folder are checked with one compiler run each, two at a time. Run by CTest as `tidy/headers`.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

FOLDERS = ["storage", "query", "ingest", "server", "tools", "bench", "tests/support"]
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def check(root: pathlib.Path, header: pathlib.Path) -> str:
    command = ["g++", "-std=c++20", "-march=x86-64-v3", "-fsyntax-only", "-I", str(root), "-include", str(header), "-x", "c++", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{header}: does not compile on its own\n{done.stderr[:600]}"


def main(root: pathlib.Path) -> int:
    headers = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.h"))
    offences = [f"{path}: a name that says nothing" for folder in FOLDERS for path in (root / folder).rglob("*") if path.stem in EMPTY_NAMES]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        offences += [text for text in pool.map(lambda header: check(root, header), headers) if text]
    for offence in offences:
        print(offence)
    print(f"{len(headers)} headers, {len(offences)} offences")
    return 1 if offences or not headers else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
