# make run        build, start examples/population, show it live; Ctrl-C drains and ends (FOR=20s ends by itself)
# make test       all tests but the big real systems          make test-real   HDFS and Spark too
# make build      release build                                make bench       ratios beside the peers
# make differential  random documents, expressions and queries, Spark beside Millrace (FOR=10m SEED=1)
# make fuzz       libFuzzer on the Kafka protocol (FOR=60s in all, TARGET=listener for one)
# make format     format the sources                           make check-format   what CI checks
#
# Each target installs what it needs first (Debian packages; Python packages into .venv).

SHELL := /bin/bash
.DEFAULT_GOAL := help
EXAMPLE ?= examples/population
BINARY := .build/release/millrace

.PHONY: help run build test test-real torture differential fuzz bench format check-format setup setup-test setup-real setup-bench clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -n 8

setup:
	@scripts/setup.sh build

setup-test: setup
	@scripts/setup.sh test

setup-real: setup-test
	@scripts/setup.sh real

setup-bench: setup
	@scripts/setup.sh bench

build: setup
	swift build -c release --product millrace --static-swift-stdlib

run: build
	@$(BINARY) run $(EXAMPLE) $(if $(FOR),--for $(FOR))

test: setup-test
	swift build --build-tests
	scripts/test.sh

test-real: setup-real
	swift build --build-tests
	scripts/test-real.sh

torture: setup-test
	swift build --build-tests
	MILLRACE_TORTURE=$(or $(FOR),10m) MILLRACE_TORTURE_SEED=$(or $(SEED),1) \
	  swift test --skip-build --filter 'EndToEndTests.*LogTortureTests'

differential: setup-real
	swift build --product differential-answers
	.venv/bin/python Tests/Differential/differential.py --for $(or $(FOR),10m) --seed $(or $(SEED),1)

fuzz: setup
	FOR=$(FOR) Fuzz/run.sh $(TARGET)

bench: setup-bench build
	Benchmarks/run.sh

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Fuzz

check-format:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Fuzz

clean:
	rm -rf .build .venv .venv-flink
