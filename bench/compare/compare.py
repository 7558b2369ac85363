#!/usr/bin/env python3
"""Loads the same data into Stria and its peers, asks all of them the same questions, compares the answers, and writes a report.

Run by `make bench-compare`, which installs the peers first. Everything listens on 127.0.0.1 and lives in a directory of its
own, which is removed at the end; every server is stopped by its pid, also on failure. Exits with 1 when answers disagree or a
peer could not run.
"""

import argparse
import contextlib
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measure  # noqa: E402
import questions  # noqa: E402
import report  # noqa: E402
import workload  # noqa: E402
from in_process_peer import ChdbPeer, DuckdbPeer, InProcessPeer  # noqa: E402
from influxdb_peer import InfluxdbPeer  # noqa: E402
from postgresql_peer import PostgresqlPeer  # noqa: E402
from stria_peer import StriaPeer  # noqa: E402
from victoriametrics_peer import VictoriametricsPeer  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = {kind.name.lower(): kind for kind in (InfluxdbPeer, VictoriametricsPeer, PostgresqlPeer, ChdbPeer, DuckdbPeer)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 hosts for 26 h and fewer questions: under 5 minutes on 2 cores")
    parser.add_argument("--scale", type=int, help="hosts (4000; quick 100)")
    parser.add_argument("--hours", type=int, help="hours of data (13; quick 26)")
    parser.add_argument("--file", help="line protocol of TSBS cpu-only, .lp or .lp.zst, instead of generated data")
    parser.add_argument("--questions", type=int, help="questions of each type (100; quick 25)")
    parser.add_argument("--seed", type=int, help="of data and questions (random)")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"some of {','.join(PEERS)}")
    parser.add_argument("--output", default=ROOT / "bench" / "results", type=pathlib.Path, help="directory of the report")
    parser.add_argument("--program", default=ROOT / "build/release/bin/stria")
    parser.add_argument("--generator", default=ROOT / "build/release/bin/stria-bench")
    parser.add_argument("--installed", default=ROOT / "build/bench", type=pathlib.Path, help="where setup put the peers")
    options = parser.parse_args()
    options.scale = options.scale or (100 if options.quick else 4000)
    options.hours = options.hours or (26 if options.quick else 13)
    options.questions = options.questions or (25 if options.quick else 100)
    options.seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    return options


def find_programs(options):
    StriaPeer.program = options.program
    unpacked = options.installed / "peers/root"
    VictoriametricsPeer.packages = options.installed / "peers"
    InfluxdbPeer.program = unpacked / "usr/bin/influxd"
    VictoriametricsPeer.program = unpacked / "usr/bin/victoria-metrics"
    of_peers, of_machine = unpacked / "usr/lib/postgresql/15/bin", pathlib.Path("/usr/lib/postgresql/15/bin")
    PostgresqlPeer.programs = of_machine if of_machine.exists() else of_peers
    InProcessPeer.modules = options.installed / "node"
    own_node = options.installed / "node/node_modules/node/bin/node"
    InProcessPeer.node = own_node if own_node.exists() else "node"


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def load_one(kind, directory, data, stack):
    """(Engine of the report, the running peer or None)."""
    engine = report.Engine(kind.name, interface=kind.interface, settings=kind.settings, durability=kind.durability)
    try:
        peer = kind(directory)
        stack.callback(peer.stop)
        peer.start()
        engine.version = peer.version
        engine.load = measure.load(peer, data)
    except (OSError, RuntimeError, ValueError, LookupError, AttributeError) as failure:
        engine.failure = " ".join(str(failure).split())[:300] or type(failure).__name__
        say(f"{kind.name}: did not run: {failure}")
        return engine, None
    say(f"{kind.name} {peer.version}: {engine.load.rows / engine.load.seconds:,.0f} rows/s, "
        f"{engine.load.cpu_s / engine.load.rows * 1e6:.2f} us of CPU a row, settled in {engine.load.settle_s:.1f} s")
    return engine, peer


def ask_all(options, data, running, run):
    """Asks every type of every engine in turn, so that they share the machine's good and bad moments."""
    for kind in questions.TYPES:
        if not questions.fits(kind, data.first, data.last, len(data.hosts)):
            run.left_out.append(kind.name)
            continue
        drawn = questions.draw(kind, options.questions + 1, data.first, data.last, len(data.hosts), options.seed)
        examiner = measure.Examiner(num_compared=3 if options.quick else 10, budget_s=2 if options.quick else 60)
        for engine, peer in running:
            engine.asked[kind.name] = examiner.ask(peer, drawn, is_reference=engine is run.engines[0])
        say(f"{kind.name}: " + ", ".join(f"{engine.name} {report.figure(asked.p50_ms) + ' ms' if asked.p50_ms else asked.reason}"
                                         for engine, _ in running if (asked := engine.asked[kind.name])))


def main():
    options = arguments()
    find_programs(options)
    # A signal becomes an exception, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = report.Run("make bench-compare" + (" QUICK=1" if options.quick else ""), "", "", os.getloadavg()[0])
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="stria-compare-", dir=os.environ.get("STRIA_BENCH_DIR", "/var/tmp")))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o755)  # PostgreSQL runs as somebody else.
        say(f"data of {options.scale} hosts and {options.hours} hours, seed {options.seed}")
        data = workload.make(directory, options.generator, options.file, options.scale, options.hours, options.seed)
        stack.callback(data.close)
        run.data = (f"TSBS cpu-only, {len(data.hosts)} hosts, {data.num_rows:,} rows of 10 tags and 10 integers each "
                    f"{(data.last - data.first) / (data.num_rows / len(data.hosts) - 1):g} s, {data.lines.stat().st_size:,} bytes "
                    f"of line protocol, seed {options.seed}.")
        run.questions = (f"up to {options.questions} of each type, with random windows and hosts, after one that warms up; "
                         "every text is another, so that no cache of results helps (but lastpoint, which has no window; no engine caches that).")
        running = []
        for kind in (StriaPeer, *(PEERS[name] for name in options.peers.split(","))):
            engine, peer = load_one(kind, directory, data, stack)
            run.engines.append(engine)
            if peer:
                running.append((engine, peer))
        if run.engines[0].failure:
            sys.exit("Stria itself did not run")
        ask_all(options, data, running, run)
    options.output.mkdir(parents=True, exist_ok=True)
    report.write(run, options.output)
    say(f"wrote {options.output / 'compare.md'}")
    bad = report.disagreements(run)
    for engine, name, asked in bad:
        print(f"{engine.name}, {name}: {asked.disagreement or asked.reason}")
    return 1 if bad or any(engine.failure for engine in run.engines) else 0


if __name__ == "__main__":
    sys.exit(main())
