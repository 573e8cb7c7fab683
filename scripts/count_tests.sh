#!/usr/bin/env bash
# scripts/count_tests.sh <junit.xml>...: `N passed, N failed, N skipped`, summed. A file that is missing counts as one failure:
# its tests did not run.
set -euo pipefail
passed=0 failed=0 skipped=0
attribute() { # <name> <file>: of the first <testsuite ...>
  sed -n '/<testsuite/,/>/p' "$2" | grep -o -m1 "[[:space:]]$1=\"[0-9]*\"" | tr -dc 0-9 || true
}
for file in "$@"; do
  if [ ! -s "$file" ]; then
    failed=$((failed + 1))
    continue
  fi
  f=$(attribute failures "$file")
  d=$(attribute disabled "$file")
  s=$(attribute skipped "$file")
  t=$(attribute tests "$file")
  failed=$((failed + ${f:-0}))
  skipped=$((skipped + ${d:-0} + ${s:-0}))
  passed=$((passed + ${t:-0} - ${f:-0} - ${d:-0} - ${s:-0}))
done
echo "$passed passed, $failed failed, $skipped skipped"
