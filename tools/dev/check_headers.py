#!/usr/bin/env python3
"""Checks that every header compiles on its own, and that no file has a name that says nothing.

A header stands alone when a translation unit that includes nothing before it compiles. The build compiles one for
each header whose source file includes it first; the others are compiled here, and all of them with `--all`.
Run by CTest as `tidy/headers`.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

FOLDERS = ["storage", "query", "ingest", "server", "tools", "bench", "tests/support"]
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


FIRST_INCLUDE = re.compile(r'^#include\s+[<"]([^>"]+)', re.MULTILINE)


def is_built_alone(root: pathlib.Path, header: pathlib.Path) -> bool:
    """Whether the source file beside the header includes it before anything else."""
    source = header.with_suffix(".cc")
    first = FIRST_INCLUDE.search(source.read_text()) if source.exists() else None
    return first is not None and first.group(1) == header.relative_to(root).as_posix()


def check(root: pathlib.Path, header: pathlib.Path) -> str:
    command = ["g++", "-std=c++20", "-march=x86-64-v3", "-fsyntax-only", "-I", str(root), "-include", str(header), "-x", "c++", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{header}: does not compile on its own\n{done.stderr[:600]}"


def main(root: pathlib.Path, everything: bool) -> int:
    headers = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.h"))
    offences = [f"{path}: a name that says nothing" for folder in FOLDERS for path in (root / folder).rglob("*") if path.stem in EMPTY_NAMES]
    compiled = [header for header in headers if everything or not is_built_alone(root, header)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        offences += [text for text in pool.map(lambda header: check(root, header), compiled) if text]
    for offence in offences:
        print(offence)
    print(f"{len(headers)} headers, {len(compiled)} compiled, {len(offences)} offences")
    return 1 if offences or not headers else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--all"]
    sys.exit(main(pathlib.Path(arguments[0] if arguments else ".").resolve(), "--all" in sys.argv))
