# The commands of this project. Each sets up what it needs; none needs another to have run first.
#
#   make run     build the server and start it with a simulated fleet
#   make demo    the bounded form of `make run`: writes, queries, kill -9, restart, same answers
#   make check   dev build, unit tests, layers, format; no network
#   make test    everything; QUICK=1 for a shorter pass
#   make bench-micro     each kernel beside the limit of the hardware
#   make bench-compare   Stria beside five other databases; QUICK=1 takes 5 minutes
#   make test-asan, make test-tsan       the suite under sanitizers
#   make campaign-kill, -power, -sim, -flip, -fresh   hours of it, recorded in docs/testing/campaigns.json
#
# Knobs come from the environment: STRIA_HTTP, STRIA_DATA, STRIA_RUN_SECONDS, STRIA_FLEET_DEVICES,
# STRIA_TEST_SEED, STRIA_TEST_REQUIRE, STRIA_TEST_DATA.

SHELL := /bin/sh
.PHONY: run demo check test test-asan test-tsan stria bench-micro bench-compare
.DEFAULT_GOAL := run

stria:
	@tools/dev/setup run
	@tools/dev/build release stria

run: stria
	@exec tools/dev/run

demo: stria
	@exec build/release/bin/stria demo

check:
	@tools/dev/check

test:
	@tools/dev/setup test
	@tools/dev/test checked

test-asan:
	@tools/dev/setup test
	@tools/dev/test asan

test-tsan:
	@tools/dev/setup test
	@tools/dev/test tsan -L threads

campaign-%:
	@tools/dev/setup test
	@tools/dev/campaign $*

bench-micro:
	@tools/dev/setup bench
	@tools/dev/build release micro_benchmarks
	@bench/micro/run.py --output bench/results/micro.md

bench-compare:
	@tools/dev/setup bench
	@bench/compare/install
	@tools/dev/build release stria stria-bench
	@bench/compare/compare.py $(if $(QUICK),--quick)
