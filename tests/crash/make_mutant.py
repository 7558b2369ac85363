#!/usr/bin/env python3
"""Writes a source file with a bug planted in it: make_mutant.py MUTANT ROOT OUTPUT.

A mutant file names the source in its first line and the bug in the lines after it. Then follow changes, each

    <<<<
    the text to replace, which is there once; white space may differ
    ====
    what stands in its place
    >>>>

When a text is not there, the output is the source as it is, and says so: the test of the mutant then fails, and the
build does not.
"""

import pathlib
import re
import sys

CHANGE = re.compile(r"^<<<<\n(.*?)^====\n(.*?)^>>>>$", re.MULTILINE | re.DOTALL)


def main():
    mutant, root, output = (pathlib.Path(argument) for argument in sys.argv[1:])
    text = mutant.read_text()
    name = text.splitlines()[0]
    original = source = (root / name).read_text()
    problem = "" if CHANGE.search(text) else "it changes nothing"
    for old, new in CHANGE.findall(text):
        found = list(re.finditer(r"\s+".join(re.escape(word) for word in old.split()), source))
        if len(found) != 1:
            problem = f"the text \\\"{' '.join(old.split())[:60]}\\\" is in {name} {len(found)} times"
            problem = problem.replace('\\"', "'").replace('"', "'")
            source = original
            break
        source = source[:found[0].start()] + new.rstrip("\n") + source[found[0].end():]
    output.write_text(f'#line 1 "{name}"\n{source}\n\nextern const char* const mutant_problem;\n'
                      f'const char* const mutant_problem = "{problem}";\n')


if __name__ == "__main__":
    main()
