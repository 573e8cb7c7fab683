#!/usr/bin/env bash
# Installs the Debian packages that are missing: scripts/packages.txt, or with the argument `lint` scripts/packages-lint.txt.
# Says nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

list=scripts/packages${1:+-$1}.txt
if [ ! -f "$list" ]; then
  echo "setup: there is no list $list" >&2
  exit 2
fi
if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not a Debian system. You must install the equivalents of $list yourself." >&2
  exit 1
fi

missing=()
while read -r package; do
  case $package in '' | '#'*) continue ;; esac
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done <"$list"
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: missing packages: ${missing[*]}" >&2
    echo "setup: you are not root and there is no sudo: the administrator of this machine must install them." >&2
    exit 1
  fi
  root=(sudo)
fi

echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >>"$log" 2>&1
}
# A fresh image has no package lists, an old one has stale ones; so a failed install refreshes them once.
if ! install install --no-install-recommends "${missing[@]}"; then
  if ! install update || ! install install --no-install-recommends "${missing[@]}"; then
    tail -n 15 "$log" >&2
    still=()
    for package in "${missing[@]}"; do
      status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
      [ "$status" = installed ] || still+=("$package")
    done
    echo "setup: not installed: ${still[*]}" >&2
    echo "setup: apt could not fetch or install them (its last words are above). Whoever runs this machine must give" >&2
    echo "setup: apt a reachable Debian 12 mirror, or install these packages by hand; then run the command again." >&2
    exit 1
  fi
fi
