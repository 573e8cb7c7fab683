#!/usr/bin/env bash
# Prints our C++ files (tracked or new, not ignored), one a line.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard -- '*.h' '*.cc' | sort -u | while IFS= read -r file; do
  [ ! -f "$file" ] || echo "$file"
done
