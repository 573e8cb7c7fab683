#!/usr/bin/env bash
# scripts/lint.sh [--all]: formatting, the rules of the house, headers alone, clang-tidy.
# clang-tidy looks at the files changed since HEAD~1 (committed or not); with --all, or without a HEAD~1, at every file.
# Every step runs; the exit status is 1 if any of them found something.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
bad=()
mapfile -t files < <(scripts/our_files.sh)
mkdir -p build

echo "lint: formatting of ${#files[@]} files"
printf '%s\n' "${files[@]}" | xargs -r -d '\n' -P "$jobs" -n 32 clang-format-19 --dry-run -Werror 2>build/lint-format.log
if [ -s build/lint-format.log ]; then
  grep -E '(error|warning):' build/lint-format.log | cut -d: -f1 | sort | uniq -c | head -40
  echo 'lint: these files are not formatted; run: make format'
  bad+=(formatting)
fi

echo 'lint: rules of the house'
perl scripts/lint_rules.pl "${files[@]}" || bad+=(rules)

echo 'lint: every header alone'
if ! { scripts/build.sh ci generated && cmake --build --preset ci --parallel "$jobs" --target check_headers -- -k 0; } \
  >build/lint-headers.log 2>&1; then
  grep -vE '^(\[|ninja:|env CCACHE)' build/lint-headers.log
  bad+=(headers)
fi

if [ "${1:-}" != --all ] && git rev-parse -q --verify HEAD~1 >/dev/null; then
  mapfile -t changed < <({ git diff --name-only --diff-filter=d HEAD~1 -- '*.h' '*.cc'
    git ls-files --others --exclude-standard -- '*.h' '*.cc'; } | sort -u)
else
  changed=("${files[@]}")
fi
# Of what is deprecated g++ warns us; clang also names what libstdc++'s own stable_sort uses.
# A .cc is read as it is compiled; a header through its .cc if that is on the list, else through build/ci/check_headers.
declare -A listed=()
for file in "${changed[@]}"; do listed[$file]=1; done
sources=()
for file in "${changed[@]}"; do
  case $file in
    *.h) [ ! -f "build/ci/check_headers/$file.cc" ] || [ -n "${listed[${file%.h}.cc]:-}" ] || sources+=("$PWD/build/ci/check_headers/$file.cc") ;;
    *) if grep -qF "\"file\": \"$PWD/$file\"" build/ci/compile_commands.json; then sources+=("$PWD/$file"); fi ;;
  esac
done
echo "lint: clang-tidy on ${#sources[@]} files"
if [ ${#sources[@]} -gt 0 ]; then
  printf '%s\n' "${sources[@]}" | xargs -r -d '\n' -P "$jobs" -n 1 clang-tidy-19 --quiet -p build/ci \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wthread-safety \
    --extra-arg=-Wno-deprecated-declarations >build/lint-tidy.log 2>/dev/null
  if [ "$?" -ne 0 ] || grep -qE ': (error|warning): ' build/lint-tidy.log; then
    # Two sources that include one header report it twice.
    awk '/: (error|warning): / { show = !seen[$0]++ } show' build/lint-tidy.log | sed "s|^$PWD/||"
    bad+=(clang-tidy)
  fi
fi

if [ ${#bad[@]} -gt 0 ]; then
  echo "lint: failed: ${bad[*]}"
  exit 1
fi
echo 'lint: clean'
