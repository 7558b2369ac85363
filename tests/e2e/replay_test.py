"""Replays some seeds of recorded campaigns: what a long run once survived, or died of, is tried again."""

import json
import os
import pathlib
import random
import subprocess
import sys

import stria_server

RECORDS = stria_server.ROOT / "docs" / "testing" / "campaigns.json"
SEEDS = 3
SECONDS = 4


def main():
    simulator = os.environ["STRIA_SIMULATOR"]
    rng = random.Random(stria_server.seed())
    records = json.loads(RECORDS.read_text())
    simulated = [record for record in records if record["command"] == "sim"]
    if not simulated:
        sys.exit(f"{pathlib.Path(RECORDS).name} has no simulated seeds")
    seeds = [seed for record in simulated for seed in record["seeds"]]
    for seed in rng.sample(seeds, min(SEEDS, len(seeds))):
        env = dict(os.environ, STRIA_TEST_SEED=str(seed), STRIA_SIM_SECONDS=str(SECONDS))
        done = subprocess.run([simulator, "--gtest_filter=SimulatorTest.*"], env=env, capture_output=True, text=True, check=False)
        last = [line for line in done.stdout.splitlines() if line.startswith("deaths")]
        print(f"recorded seed {seed}: exit code {done.returncode}, {' '.join(last)}", flush=True)
        if done.returncode != 0:
            sys.exit(done.stdout[-3000:] + done.stderr[-1000:])
    print("ok")


if __name__ == "__main__":
    main()
