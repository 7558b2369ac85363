#!/usr/bin/env python3
"""Runs the micro-benchmarks of limits.json and prints, for each kernel, what it achieves beside the limit of the hardware.

    bench/micro/run.py [--programs build/release/bin] [--filter REGEX] [--output bench/results/micro.md]

Run by `make bench-micro`, which builds the programs first. Each benchmark runs three times and the best counts: noise of a
shared machine only ever slows. A limit was measured on another machine (limits.json names it), so ratios are right to a few
tenths only. Exits with 1 when a benchmark of the table did not run.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def run(program, names, seconds, repetitions):
    """What Google Benchmark prints as JSON for the benchmarks `names` of one program."""
    wanted = "^(" + "|".join(re.escape(name) for name in names) + ")$"
    done = subprocess.run([program, f"--benchmark_filter={wanted}", "--benchmark_format=json",
                           f"--benchmark_min_time={seconds}", f"--benchmark_repetitions={repetitions}"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def measured(answer):
    """The repetitions in `answer` that did not fail."""
    return [entry for entry in answer["benchmarks"]
            if entry.get("run_type") == "iteration" and not entry.get("error_occurred") and "items_per_second" in entry]


def best_of(answer):
    """{name: best items a second}, by the clock that the benchmark chose."""
    best = {}
    for entry in measured(answer):
        best[entry["run_name"]] = max(best.get(entry["run_name"], 0.0), entry["items_per_second"])
    return best


def cpu_ns_of(answer):
    """{name: least CPU ns an item}, also where the benchmark counts items by wall time."""
    least = {}
    for entry in measured(answer):
        by_wall = "real_time" in entry["run_name"].split("/")
        ns = 1e9 / entry["items_per_second"] * (entry["cpu_time"] / entry["real_time"] if by_wall else 1)
        least[entry["run_name"]] = min(least.get(entry["run_name"], ns), ns)
    return least


def figure(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def rows_of(kernels, achieved):
    """[(kernel, achieved, limit, ratio, limit in this run, ratio to it)] as text."""
    rows = []
    for kernel in kernels:
        rate = achieved.get((kernel["program"], kernel["benchmark"]))
        limit = kernel.get("limit")
        here = achieved.get((kernel["program"], kernel.get("here")))
        if rate is None:
            rows.append((kernel["kernel"], "did not run", f"{limit:g}" if limit else "–", "–", "–", "–"))
            continue
        rate /= kernel["scale"]
        rows.append((kernel["kernel"], f"{figure(rate)} {kernel['unit']}", f"{limit:g}" if limit else "–",
                     f"{rate / limit:.2f}" if limit else "–", figure(here / kernel["scale"]) if here else "–",
                     f"{rate * kernel['scale'] / here:.2f}" if here else "–"))
    return rows


HEADING = ("kernel", "achieved", "limit", "ratio", "limit here", "ratio here")


def report(table, rows):
    cpu = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--abbrev=12"], capture_output=True, text=True,
                            check=False).stdout.strip()
    lines = ["# Micro-benchmarks", "",
             f"`make bench-micro`, {time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit or 'unknown'}, one thread, best of "
             f"three, on {os.cpu_count()} cores of {cpu}; load average {os.getloadavg()[0]:.2f} at the end.", "",
             f"Limits: {table['source']}. That machine: {table['machine']}. Where no limit is named, none was measured; "
             "a ratio above 1 beats the program that the limit was measured with. The limit here is a kernel that does nothing but the "
             "least of it (the bare unpacking, the bare sums), in the same run: what others do to the machine slows both.", "",
             "| " + " | ".join(HEADING) + " |", "|---" * len(HEADING) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--filter", default="", help="regular expression on the names of kernels")
    parser.add_argument("--output", type=pathlib.Path, help="also write the report there")
    parser.add_argument("--min-time", type=float, default=0.1, help="seconds of each repetition")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    table = json.loads((HERE / "limits.json").read_text())
    kernels = [kernel for kernel in table["kernels"] if re.search(options.filter, kernel["kernel"])]
    achieved = {}
    for program in dict.fromkeys(kernel["program"] for kernel in kernels):
        names = list(dict.fromkeys(name for kernel in kernels if kernel["program"] == program
                                   for name in (kernel["benchmark"], kernel.get("here")) if name))
        for name, rate in best_of(run(options.programs / program, names, options.min_time, options.repetitions)).items():
            achieved[program, name] = rate
        print(f"{program}: {len(names)} kernels", file=sys.stderr, flush=True)
    rows = rows_of(kernels, achieved)
    widths = [max(len(row[i]) for row in [HEADING, *rows]) for i in range(len(HEADING))]
    for row in [HEADING, *rows]:
        print("  ".join([f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:]))]))
    if options.output:
        options.output.write_text(report(table, rows))
    return 1 if any((kernel["program"], kernel["benchmark"]) not in achieved for kernel in kernels) else 0


if __name__ == "__main__":
    sys.exit(main())
