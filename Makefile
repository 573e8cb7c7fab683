# The verbs of the house. PRESET=dev|release|ci|asan|tsan picks another build for `make test`.
PRESET ?= ci
JOBS ?= $(shell nproc)
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help setup build test soak demo bench lint format fuzz clean

help:
	@echo 'make test    install what is missing, build (PRESET=$(PRESET)), run every test; TESTS=<regex> picks some'
	@echo 'make soak    300 rounds of kills of a job (ROUNDS=, SEED=); the seed of a round that fails is told (docs/soak.md)'
	@echo 'make demo    build the programs and show a generated day'
	@echo 'make bench   build for release and measure'
	@echo 'make lint    formatting, rules of the house, headers alone, clang-tidy on changed files (ALL=1: on all)'
	@echo 'make format  format our C++ files'
	@echo 'make fuzz    60 s for each fuzz target; SECONDS_EACH=<n> changes it'
	@echo 'make clean   remove build/'

setup:
	@scripts/setup.sh

build: setup
	@scripts/build.sh $(PRESET)

test: build
	@scripts/ctest.sh $(PRESET) $(if $(TESTS),-R '$(TESTS)')

soak: build
	@$(if $(ROUNDS),SOAK_ROUNDS=$(ROUNDS)) $(if $(SEED),SOAK_SEED=$(SEED)) scripts/soak.sh $(PRESET)

demo: setup
	@scripts/build.sh release
	@if [ -x scripts/demo.sh ]; then exec scripts/demo.sh; else echo 'There is no scripts/demo.sh yet.'; fi

bench: setup
	@scripts/build.sh release benches
	@if [ -x scripts/bench.sh ]; then exec scripts/bench.sh; \
	 else echo 'There is no scripts/bench.sh yet; the benches are in build/release/bench.'; fi

lint: setup
	@scripts/setup.sh lint
	@scripts/lint.sh $(if $(ALL),--all)

format:
	@scripts/setup.sh lint
	@scripts/our_files.sh | xargs -r -d '\n' clang-format-19 -i

fuzz: setup
	@scripts/setup.sh lint
	@scripts/fuzz.sh

clean:
	rm -rf build
