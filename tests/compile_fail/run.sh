#!/bin/sh
# Compiles each case of cases/ and checks what its author reads: at most 8 lines, with every line of <case>.expected (the
# author's line and our sentence). Usage: run.sh [case...]   RECORD=1 prints what the compiler says instead.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
compiler=${CXX:-g++}
status=0
[ $# -gt 0 ] || set -- $(cd "$here/cases" && ls *.cc | sed 's/\.cc$//')
cd "$here/cases" || exit 2
for case in "$@"; do
  output=$($compiler -std=c++23 -fsyntax-only $(cat ../flags.txt) -I"$root" -I"$root/operators/include" "$case.cc" 2>&1)
  if [ $? -eq 0 ]; then
    echo "FAIL $case: it compiles"
    status=1
    continue
  fi
  if [ -n "$RECORD" ]; then
    printf '== %s\n%s\n' "$case" "$output"
    continue
  fi
  problem=
  [ -s "$case.expected" ] || problem="no $case.expected beside it"
  [ "$(printf '%s\n' "$output" | wc -l)" -le 8 ] || problem="more than 8 lines"
  [ -n "$problem" ] || while IFS= read -r line; do
    printf '%s\n' "$output" | grep -qF -- "$line" || problem="no \"$line\""
  done < "$case.expected"
  if [ -n "$problem" ]; then
    printf 'FAIL %s: %s in\n%s\n' "$case" "$problem" "$output"
    status=1
  else
    echo "ok   $case"
  fi
done
exit $status
