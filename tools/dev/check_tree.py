#!/usr/bin/env python3
"""Checks that every source file belongs to the build: a file that no CMakeLists.txt lists is compiled and tested by nobody.

A C++ file is listed when the CMakeLists.txt of its folder, or of one above, has its path relative to that folder; for a
header of tests and benchmarks it is enough that one of them includes it, and `x_bench.cc` may be listed as x. A Python test is listed when the CMakeLists.txt of its folder has its name, with or without `_test.py`. Run by CTest as
`tidy/tree`; prints one line a file and exits 1 if there is any.
"""

import pathlib
import re
import sys

FOLDERS = ["storage", "query", "ingest", "server", "tools", "bench", "tests"]


def words(path: pathlib.Path) -> set[str]:
    """What stands in a CMakeLists.txt, without comments."""
    text = re.sub(r"#.*", "", path.read_text()) if path.exists() else ""
    return set(re.split(r"[\s()\"]+", text))


def is_listed(root: pathlib.Path, file: pathlib.Path, cache: dict[pathlib.Path, set[str]]) -> bool:
    folder = file.parent
    while True:
        listed = cache.setdefault(folder, words(folder / "CMakeLists.txt"))
        name = file.relative_to(folder).as_posix()
        if name in listed or (name.endswith("_bench.cc") and name.removesuffix("_bench.cc") in listed):
            return True
        if folder == root:
            return False
        folder = folder.parent


def included(root: pathlib.Path) -> set[str]:
    """What files of tests and benchmarks include."""
    pattern = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
    files = [file for folder in ("tests", "bench") for file in (root / folder).rglob("*") if file.suffix in (".cc", ".h")]
    return {name for file in files for name in pattern.findall(file.read_text())}


def main(root: pathlib.Path) -> int:
    in_tests = included(root)
    cache: dict[pathlib.Path, set[str]] = {}
    offences = []
    num_files = 0
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            name = file.relative_to(root).as_posix()
            if file.suffix in (".cc", ".h"):
                num_files += 1
                if not (file.suffix == ".h" and name in in_tests and folder in ("tests", "bench")) and not is_listed(root, file, cache):
                    offences.append(name)
            elif file.name.endswith("_test.py"):
                num_files += 1
                listed = cache.setdefault(file.parent, words(file.parent / "CMakeLists.txt"))
                if not listed & {file.name, file.name.removesuffix("_test.py")}:
                    offences.append(name)
    for offence in offences:
        print(f"{offence}: no CMakeLists.txt lists it")
    print(f"{num_files} files, {len(offences)} offences")
    return 1 if offences or not num_files else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
