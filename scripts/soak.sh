#!/usr/bin/env bash
# soak.sh PRESET: rounds of kills of the cost job, in real processes. SOAK_ROUNDS (300) and SOAK_SEED
# (1) say how many and which; a round that fails says its seed and keeps its folder.
set -euo pipefail
cd "$(dirname "$0")/.."
export SOAK_ROUNDS="${SOAK_ROUNDS:-300}"
exec "build/${1:-ci}/tests/test_e2e_crash" --gtest_filter='KillRounds.*'
