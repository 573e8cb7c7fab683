#!/usr/bin/env bash
# Builds the fuzz targets with clang 19 and gives each SECONDS_EACH seconds (60). New inputs go to build/fuzz/corpus/<name>,
# crashes to build/fuzz/crashes/; a crash that matters is fixed and its input added to tests/fuzz/corpus/<name>/.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh fuzz || exit 1
mkdir -p build/fuzz/crashes
bad=()
for target in build/fuzz/fuzz/fuzz_*; do
  [ -x "$target" ] || continue
  name=${target##*/fuzz_}
  found=build/fuzz/corpus/$name
  mkdir -p "$found"
  seeds=()
  [ ! -d "tests/fuzz/corpus/$name" ] || seeds=("tests/fuzz/corpus/$name")
  echo "fuzz: $name, ${SECONDS_EACH:-60} s"
  if ! "$target" -max_total_time="${SECONDS_EACH:-60}" -rss_limit_mb=4096 -timeout=10 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="build/fuzz/crashes/$name-" "$found" "${seeds[@]}" </dev/null; then
    bad+=("$name")
  fi
done
if [ ${#bad[@]} -gt 0 ]; then
  echo "fuzz: failed: ${bad[*]}; the inputs are in build/fuzz/crashes/"
  exit 1
fi
echo 'fuzz: nothing found'
