"""The report: what was measured, on what, and first of all where a peer is ahead."""

import dataclasses
import os
import pathlib
import platform
import subprocess
import time

import chart
from measure import Asked
from peer import TIMEOUT_S, Load


@dataclasses.dataclass
class Engine:
    """One column of the report. `failure` says why there is nothing to show."""
    name: str
    version: str = ""
    interface: str = ""
    settings: str = ""
    durability: str = ""
    failure: str = ""
    load: Load | None = None
    asked: dict[str, Asked] = dataclasses.field(default_factory=dict)  # by query type


@dataclasses.dataclass
class Run:
    """What the report is about. The first engine is Stria."""
    command: str
    data: str
    questions: str
    load_average: float
    engines: list[Engine] = dataclasses.field(default_factory=list)
    left_out: list[str] = dataclasses.field(default_factory=list)  # query types that the data is too short for


@dataclasses.dataclass(frozen=True)
class Measure:
    """One line of figures, by engine; None where there is none. `less_is_better` says who is ahead."""
    label: str
    values: list[float | None]
    unit: str
    less_is_better: bool = True

    def ratio(self, place):
        """How many times better Stria is than engine `place`; below 1 where that one is ahead."""
        ours, theirs = self.values[0], self.values[place]
        if not ours or not theirs:
            return None
        return theirs / ours if self.less_is_better else ours / theirs


def load_measures(run):
    def of(read):
        return [read(engine.load) if engine.load else None for engine in run.engines]

    return [Measure("ingest, until the last acknowledgement", of(lambda load: load.rows / load.seconds), "rows/s", False),
            Measure("server CPU a row, flush and merge included", of(lambda load: load.cpu_s / load.rows * 1e6), "µs"),
            Measure("disk a row", of(lambda load: load.disk_bytes / load.rows), "bytes")]


def query_measures(run):
    names = [name for name in run.engines[0].asked]
    return [Measure(name, [engine.asked[name].p50_ms if name in engine.asked else None for engine in run.engines], "ms")
            for name in names]


def figure(value):
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def table_of(run, measures, reason_of=lambda engine, label: "–"):
    lines = ["| | " + " | ".join(engine.name for engine in run.engines) + " |", "|---" * (len(run.engines) + 1) + "|"]
    for measure in measures:
        cells = []
        for place, engine in enumerate(run.engines):
            value, ratio = measure.values[place], measure.ratio(place)
            if value is None:
                cells.append(reason_of(engine, measure.label))
            elif place == 0 or ratio is None:
                cells.append(f"**{figure(value)}**")
            else:
                cells.append(f"{figure(value)} ({figure(ratio)}×)")
        lines.append(f"| {measure.label}, {measure.unit} | " + " | ".join(cells) + " |")
    return lines


def reason_of(engine, label):
    asked = engine.asked.get(label)
    if asked is None:
        return "–"
    if asked.reason.startswith("failed"):
        return "failed"
    return asked.reason if asked.reason.startswith("over") else "not possible"


def behind(run):
    """A line for each figure in which a peer is ahead of Stria, the widest gap first."""
    found = []
    for measure in [*load_measures(run), *query_measures(run)]:
        for place, engine in enumerate(run.engines[1:], 1):
            ratio = measure.ratio(place)
            if ratio is not None and ratio < 1:
                found.append((ratio, f"- {measure.label}: {engine.name} {figure(measure.values[place])} {measure.unit}, Stria "
                                     f"{figure(measure.values[0])} {measure.unit} ({figure(1 / ratio)} times)"))
    return [line for _, line in sorted(found)]


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory_gib:.0f} GiB, Linux {platform.release()}"


def commit():
    try:
        return subprocess.run(["git", "describe", "--always", "--abbrev=12"], capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def disagreements(run):
    return [(engine, name, asked) for engine in run.engines for name, asked in engine.asked.items()
            if asked.disagreement or asked.reason.startswith("failed")]


def agreement_lines(run):
    lines = []
    for engine in run.engines[1:]:
        if engine.failure:
            continue
        compared = sum(asked.compared for asked in engine.asked.values())
        lines.append(f"- {engine.name}: {compared} answers of {sum(1 for a in engine.asked.values() if a.compared)} types agree.")
        for name, asked in engine.asked.items():
            if asked.disagreement:
                lines.append(f"  - **{name} disagrees**: {asked.disagreement}")
            if asked.reason:
                lines.append(f"  - {name}: {asked.reason}")
            if asked.deviation:
                lines.append(f"  - {name}: not compared: {asked.deviation}")
    return lines


def text_of(run, chart_name):
    ahead = behind(run)
    lines = ["# Stria beside other databases", "",
             f"`{run.command}`, {time.strftime('%Y-%m-%d', time.gmtime())}, Stria at commit {commit()}.", "",
             "## Where a peer is ahead", "",
             "Work to do." if ahead else "Nowhere in this run.", "", *ahead, "",
             "## Conditions", "",
             f"- Machine: {machine()}; load average before the run {run.load_average:.2f}.",
             f"- Data: {run.data}", f"- Questions: {run.questions}",
             "- Every engine ran on this machine, loopback only, one loading at a time. All were up, idle, while another was asked.",
             "- InfluxDB and VictoriaMetrics are Debian's packages, which are years old (2018 and 2022); newer ones may be faster.",
             "- Times are what the client sees until the whole answer is there; reading it is not measured. chDB and DuckDB run inside "
             "the client, so nothing crosses a socket, and their CPU includes that of the client.",
             "- Ratios in parentheses are how many times better Stria is; below 1, the peer is.", ""]
    if run.left_out:
        lines += [f"- Left out, because the data is too short or too small: {', '.join(run.left_out)}.", ""]
    lines += ["| engine | version | way in and out | settings | what an acknowledged row survives |", "|---|---|---|---|---|"]
    lines += [f"| {e.name} | {e.version} | {e.interface} | {e.settings} | {e.durability} |" if not e.failure else
              f"| {e.name} | {e.version} | **did not run**: {e.failure} | | |" for e in run.engines]
    lines += ["", "## Loading", "", *table_of(run, load_measures(run)), "",
              "## Questions, p50", "", f"![p50 of each question]({chart_name})", "",
              *table_of(run, query_measures(run), reason_of), "",
              "## Do the answers agree?", "",
              f"Compared row by row with Stria's; floats within 1e-9 of their size. More than {TIMEOUT_S} s is recorded as such.", "",
              *agreement_lines(run), ""]
    return "\n".join(lines)


def write(run, directory: pathlib.Path):
    """Writes compare.md and compare.svg."""
    rows = [(measure.label, measure.values) for measure in query_measures(run)]
    (directory / "compare.svg").write_text(chart.draw("p50 of each question, logarithmic", [e.name for e in run.engines], rows))
    (directory / "compare.md").write_text(text_of(run, "compare.svg"))
