#!/usr/bin/env bash
# scripts/bench.sh [bench option...]: runs every bench of build/release (or $BENCH_BUILD) and keeps the figures as JSON lines in
# <build>/bench/results.jsonl. BENCHES="fused_pipeline keyed_count" picks some. Other load on the machine spoils wall time.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BENCH_BUILD:-build/release}
results=$build/bench/results.jsonl
mkdir -p "$build/bench"
rm -f "$results"
echo "$(nproc) processors, $(uname -sr); load $(cut -d' ' -f1-3 /proc/loadavg) at the start"
ran=0
for bench in "$build"/bench/*_bench; do
  [ -x "$bench" ] || continue
  name=$(basename "$bench" _bench)
  [ -z "${BENCHES:-}" ] || [[ " $BENCHES " == *" $name "* ]] || continue
  echo "# $name"
  "$bench" --json "$results" "$@"
  ran=$((ran + 1))
done
[ "$ran" -gt 0 ] || { echo "No bench in $build/bench: build target \`benches\` first." >&2; exit 1; }
echo "load $(cut -d' ' -f1-3 /proc/loadavg) at the end; figures in $results"
