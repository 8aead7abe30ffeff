#!/usr/bin/env bash
# make bench: all measurements, as ratios where there is a peer. Arguments go to seed_query.py (--no-spark, --peers duckdb, --runs N).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .build/release/millrace ] || swift build -c release --product millrace --static-swift-stdlib
python=.venv/bin/python
[ -x $python ] || python=python3
for job in seed group dedup; do $python Benchmarks/seed_query.py --job $job --peers duckdb,polars,spark,flink "$@"; done
$python Benchmarks/cold_start.py
$python Benchmarks/log.py
$python Benchmarks/latency.py
$python Benchmarks/memory.py
$python Benchmarks/state.py
