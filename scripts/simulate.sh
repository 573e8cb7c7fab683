#!/bin/sh
# Runs the joint simulation over many seeds: scripts/simulate.sh [seeds] [first] [build folder].
# A failure names its seed; run it again with 1 <seed>.
set -eu
cd "$(dirname "$0")/.."
seeds=${1:-100000}
first=${2:-$(date +%s)}
build=${3:-build/ci}
cmake --build "$build" --target test_simulation
TRIBUTARY_SIMULATION_SEEDS=$seeds TRIBUTARY_SIMULATION_FIRST=$first \
  "$build/tests/test_simulation" --gtest_filter='*NothingIsLost*'
