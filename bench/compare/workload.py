"""The data of a run: one file of line protocol, and the same rows as CSV for engines that want that."""

import mmap
import pathlib
import subprocess
import time

from questions import FIELDS, TAGS

MARK_LINES = 1000  # bodies are cut at multiples of this


class Workload:
    """cpu-only rows in time order. `csv` has the columns time, TAGS, FIELDS, no header, in two halves."""

    def __init__(self, lines: pathlib.Path, directory: pathlib.Path):
        self.lines = lines
        self.csv = [directory / "cpu-0.csv", directory / "cpu-1.csv"]
        self.hosts, self.num_rows, self.marks, self.first, self.last = [], 0, [0], None, None
        self._read()
        self.file = open(lines, "rb")
        self.text = mmap.mmap(self.file.fileno(), 0, prot=mmap.PROT_READ)

    def close(self):
        self.text.close()
        self.file.close()

    def bodies(self, num_lines):
        """The text in pieces of `num_lines` lines, a multiple of MARK_LINES, and how many lines each has."""
        every = num_lines // MARK_LINES
        starts = self.marks[:-1:every]
        view = memoryview(self.text)
        for index, (begin, end) in enumerate(zip(starts, [*starts[1:], self.marks[-1]])):
            yield view[begin:end], min(num_lines, self.num_rows - index * num_lines)

    def _read(self):
        """Writes the CSV files, and learns hosts, times and where lines begin."""
        size, offset, times, known = self.lines.stat().st_size, 0, {}, {}
        cuts = [len(field) + 1 for field in FIELDS]
        with open(self.lines, encoding="ascii") as source, open(self.csv[0], "w") as left, open(self.csv[1], "w") as right:
            for line in source:
                series, values, stamp = line.split(" ")
                columns = values.split(",")
                if (tags := known.get(series)) is None:
                    tags = known[series] = tags_of(series)
                    self.hosts.append(tags.split(",")[0])
                if (text := times.get(stamp)) is None:
                    times.clear()
                    self.last = int(stamp) // 10**9
                    text = times[stamp] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.last))
                    self.first = self.last if self.first is None else self.first
                out = left if offset < size // 2 else right
                out.write(f"{text},{tags},{','.join([v[c:-1] for v, c in zip(columns, cuts)])}\n")
                offset += len(line)
                self.num_rows += 1
                if self.num_rows % MARK_LINES == 0:
                    self.marks.append(offset)
        if self.marks[-1] != offset:
            self.marks.append(offset)


def tags_of(series):
    """The tag values of "cpu,hostname=host_0,..." as CSV, in the order of TAGS."""
    pairs = [pair.split("=", 1) for pair in series.split(",")[1:]]
    if [name for name, _ in pairs] != list(TAGS):
        raise ValueError(f"not a series of TSBS cpu-only: {series}")
    return ",".join(value for _, value in pairs)


def make(directory: pathlib.Path, program: pathlib.Path, file: str | None, scale: int, hours: int, seed: int):
    """The workload of `file` (.lp or .lp.zst), or one that stria-bench generates."""
    lines = directory / "cpu.lp"
    if file is None:
        subprocess.run([program, "generate", "--workload", "cpu-only", "--scale", str(scale), "--duration", f"{hours}h",
                        "--seed", str(seed), "--output", lines], check=True, stdout=subprocess.DEVNULL)
    elif file.endswith(".zst"):
        subprocess.run(["zstd", "-dqf", file, "-o", lines], check=True)
    else:
        lines = pathlib.Path(file)
    return Workload(lines, directory)
