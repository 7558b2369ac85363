"""What the reports of this folder have in common: their heading, their flags, and the CPU time of a server."""

import os
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} x {model}, Linux {platform.release().split('-')[0]}"


def heading(command):
    """Lines: how a report was made, of which commit, when, where, and beside what load."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [f"command: {command}", f"commit: {commit.stdout.strip()}", f"date: {time.strftime('%Y-%m-%d', time.gmtime())}",
            f"machine: {machine()}", f"load of the machine before: {os.getloadavg()[0]:.1f}", ""]


def add_flags(parser):
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "bin" / "stria"))
    parser.add_argument("--results", type=pathlib.Path, help="also write the report here")


def write(lines, results):
    """Prints the lines as they come, and writes as many as there are so far to the file `results`, if any."""
    taken = []
    for line in lines:
        print(line, flush=True)
        taken.append(line)
        if results:
            results.write_text("\n".join(taken) + "\n")
