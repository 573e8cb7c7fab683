#!/usr/bin/env bash
# scripts/ctest.sh <preset> [ctest arguments]: runs the tests of build/<preset> and ends with their numbers.
# Shows failures and skips, not each pass. The numbers come from build/<preset>/junit.xml, which .ci/run reads too.
set -uo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
junit=$PWD/build/$preset/junit.xml
rm -f "$junit"

# The million records of the volume test are for the ordinary builds; a sanitizer runs ten times slower.
case $preset in asan | tsan) export TRIBUTARY_VOLUME_ROWS=${TRIBUTARY_VOLUME_ROWS:-20000} ;; esac

# Thread sanitizer in g++ 12 cannot map its shadow where the kernel randomises addresses by more than 28 bits.
launch=()
if [ "$preset" = tsan ] && [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] &&
  setarch "$(uname -m)" -R true 2>/dev/null; then
  launch=(setarch "$(uname -m)" -R)
fi

"${launch[@]}" ctest --preset "$preset" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --no-label-summary \
  --output-junit "$junit" "$@" </dev/null |
  awk '/^ +Start +[0-9]+: / || / Passed +[0-9.]+ sec$/ { next } { print; fflush() }'
status=${PIPESTATUS[0]}

echo "$preset: $(scripts/count_tests.sh "$junit")"
exit "$status"
