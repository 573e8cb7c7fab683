#!/usr/bin/env bash
# A generated day of cloud billing for a few tenants, attributed on two slots, and what came of it for one of them.
# Everything happens below build/demo. BIN names another folder of programs, ROWS another size.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${BIN:-build/release/bin}
dir=build/demo
rows=${ROWS:-50000}
export TRIBUTARY_JOB_PATH=$bin/../lib/tributary/jobs

say() { printf '\n== %s\n\n' "$*"; }

rm -rf "$dir"
say "1  A day of billing: $rows rows of four tenants, with the dirt that real bills have"
"$bin/attribution" generate --to "$dir" --tenants 4 --rows "$rows" --start 2026-09-01

say "2  The job: who caused each cent, by the tenants' own rules ($dir/rules/)"
cat > "$dir/cost.yaml" <<YAML
files: {dir: $dir}
YAML
"$bin/tributary" run cost-attribution --config "$dir/cost.yaml" --state "$dir/state" --slots 2

say "3  What finance sees: acme, September 2026"
"$bin/attribution" report --from "$dir" --tenant acme --period 2026-09 --by team,feature,customer --top 10

say "4  Does it tie to the bill? Input recomputed from the bill itself, against the ledger and the hourly table"
"$bin/attribution" reconcile --from "$dir" --tenant acme --period 2026-09

say "What to try next"
cat <<NEXT
  $bin/attribution report --from $dir --tenant globex --period 2026-09 --by team,service
  $bin/attribution deadletter show $dir
  $bin/tributary plan cost-attribution --config $dir/cost.yaml
  your own bill:  $bin/attribution ingest focus bill.csv --tenant acme --source aws --to mydata
                  (then rules: README.md, "Your own bill")
NEXT
