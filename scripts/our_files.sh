#!/usr/bin/env bash
# Prints our C++ files (tracked or new, not ignored), one a line. Without those that must not compile: their lines count.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard -- '*.h' '*.cc' ':!tests/compile_fail/cases' | sort -u | while IFS= read -r file; do
  [ ! -f "$file" ] || echo "$file"
done
