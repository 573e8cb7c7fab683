#!/usr/bin/env bash
# Holds scripts/kafka.sh against what it promises, with real brokers in a scratch folder: one line a check, then the numbers.
# Takes about a minute. Exit status: 0; 1 a check failed; 77 Kafka cannot be had here (1 if CI is set).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kafka=$here/kafka.sh
scratch=$(mktemp -d)
one=$scratch/one three=$scratch/three
passed=0 failed=0 out=$scratch/out

cleanup() {
  for dir in "$one" "$three" "$scratch"/other; do
    [ ! -f "$dir/brokers" ] || "$kafka" kill --dir "$dir"
  done
  [ -z "${sleeper:-}" ] || kill "$sleeper" 2>/dev/null
  rm -rf "$scratch"
}
trap cleanup EXIT

check() { # <what> <command...>
  local what=$1
  shift
  if "$@" >"$out" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
    sed 's/^/        /' "$out"
  fi
}
# Runs a command that must exit with $1 and say $2 (a regular expression).
says() {
  local status=0
  "${@:3}" >"$out.said" 2>&1 || status=$?
  cat "$out.said"
  if [ "$status" -ne "$1" ] || ! grep -qE -- "$2" "$out.said"; then
    echo "exit status $status, wanted $1 and: $2"
    return 1
  fi
}
# What a topic holds, sorted, through a client that is not the broker's own where Debian's kcat is installed.
produce() { # <dir> <topic>: lines of standard input, acknowledged by all replicas
  if command -v kcat >/dev/null; then
    kcat -q -P -b "$(cat "$1/brokers")" -t "$2" -X acks=all
  else
    "$kafka" tool ConsoleProducer --bootstrap-server "$(cat "$1/brokers")" --topic "$2" --command-property acks=all >/dev/null
  fi
}
consume() { # <dir> <topic> <how many>
  if command -v kcat >/dev/null; then
    timeout 30 kcat -q -C -e -o beginning -b "$(cat "$1/brokers")" -t "$2"
  else
    "$kafka" tool consumer.ConsoleConsumer --bootstrap-server "$(cat "$1/brokers")" --topic "$2" \
      --from-beginning --max-messages "$3" --timeout-ms 20000 2>/dev/null
  fi | sort -n
}
holds() { # <dir> <topic> <n>: the numbers 1 to n, each once
  consume "$1" "$2" "$3" | diff - <(seq "$3")
}
quiet() {
  local text status=0
  text=$("$@" 2>&1) || status=$?
  if [ "$status" -ne 0 ] || [ -n "$text" ]; then
    echo "exit status $status: $text"
    return 1
  fi
}
# The addresses that listen on the port of the broker in $1, as the kernel's table has them: just 127.0.0.1.
on_loopback_only() {
  local port
  port=$(printf %04X "$(sed 's/.*://' "$1/brokers")")
  awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ":$port\$" | diff - <(echo "0100007F:$port")
}
gone() { ! [ -s "/proc/$1/cmdline" ]; }
within() { # <seconds> <command...>
  local end=$((SECONDS + $1))
  until "${@:2}"; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 0.2; done
}
fill() { seq "$3" "$4" | produce "$1" "$2"; }

"$kafka" setup || exit
check 'setup says nothing when all is there' quiet "$kafka" setup

check 'an unknown verb is refused' says 2 "unknown verb 'strat'" "$kafka" strat
check 'two brokers are refused' says 2 "1 or 3, not '2'" "$kafka" start --brokers 2 --dir "$one"
check 'an unknown option is refused' says 2 'does not know --al' "$kafka" ready --al --dir "$one"
check 'a setting without a value is refused' says 2 'key=value' "$kafka" start --set retention --dir "$one"
check 'a folder that holds something else is refused' says 1 'not empty' "$kafka" start --dir "$here"
check 'a folder without brokers is said' says 1 'no broker was started' "$kafka" stop --dir "$one"

check 'one broker starts' says 0 'ready after' "$kafka" start --dir "$one" --set num.partitions=3
check 'it is ready' says 0 'ready: 1 of 1' "$kafka" ready --all --dir "$one"
check 'it is one process, running' says 0 '^1  running .* pid [0-9]+' "$kafka" status --dir "$one"
check 'it listens on the loopback only' on_loopback_only "$one"
check 'a topic is created' says 0 'Created topic a' "$kafka" topic create a --dir "$one"
check 'what --set says holds' says 0 'PartitionCount: 3' "$kafka" topic describe a --dir "$one"
check 'the transaction protocol is version 2' says 0 'transaction.version.*FinalizedVersionLevel: 2' \
  "$kafka" tool FeatureCommand --bootstrap-server "$(cat "$one/brokers")" describe
check 'records are written' fill "$one" a 1 1000
check 'and read' holds "$one" a 1000
"$kafka" topic create transactions --dir "$one" >/dev/null
check 'a transaction is committed' says 0 '100 records sent' "$kafka" tool ProducerPerformance --topic transactions --num-records 100 \
  --record-size 10 --throughput -1 --bootstrap-server "$(cat "$one/brokers")" --transactional-id t --transaction-duration-ms 1000
check 'a second start in the same folder names the broker' says 1 'broker 1 runs in .* already \(pid [0-9]+' "$kafka" start --dir "$one"
port=$(sed 's/.*://' "$one/brokers")
check 'a busy port is named' says 1 "port $port is busy" "$kafka" start --dir "$scratch/other" --port-base "$port"
check 'and leaves no broker behind' says 1 'no broker was started' "$kafka" status --dir "$scratch/other"
rm -rf "$scratch/other"
check 'a broker that cannot start says why' says 1 'ConfigException.*num.io.threads' \
  "$kafka" start --dir "$scratch/other" --set num.io.threads=none
check 'and can be started in the same folder once it is mended' says 0 'ready after' "$kafka" start --dir "$scratch/other"
check 'and stops' quiet "$kafka" stop --dir "$scratch/other"
rm -rf "$scratch/other"

check 'a pause' "$kafka" pause --dir "$one"
check 'is seen by status' says 0 '^1  paused' "$kafka" status --dir "$one"
check 'and is not ready' says 1 'not ready: 0 of 1' "$kafka" ready --dir "$one"
check 'goes on' "$kafka" resume --dir "$one"
check 'and is ready again' "$kafka" ready --within 20 --dir "$one"
pid=$(cat "$one/1/pid")
check 'kill' "$kafka" kill 1 --dir "$one"
check 'ends the process' gone "$pid"
check 'a start over its data is refused' says 1 'holds the data of a stopped cluster' "$kafka" start --dir "$one"
check 'restart after kill -9' says 0 'again at' "$kafka" restart --dir "$one"
check 'has the records' holds "$one" a 1000
check 'and takes more' fill "$one" a 1001 2000
check 'stop' quiet "$kafka" stop --dir "$one"
check 'ends the process, too' gone "$(cat "$one/1/pid")"
check 'stop of a stopped broker' quiet "$kafka" stop --dir "$one"
sleep 300 &
sleeper=$!
cp "$one/1/pid" "$scratch/pid"
echo $sleeper >"$one/1/pid"
check 'a pid that is another process now' "$kafka" kill --dir "$one"
check 'is left alone' kill -0 "$sleeper"
cp "$scratch/pid" "$one/1/pid"
check 'restart after stop' says 0 'again at' "$kafka" restart --dir "$one"
check 'has all records' holds "$one" a 2000
"$kafka" kill --dir "$one"
sleep 300 &
owner=$!
check 'start --fresh drops them' says 0 'ready after' "$kafka" start --fresh --dir "$one" --owner "$owner"
check 'they are gone' says 0 '^$' "$kafka" topic list --dir "$one"
kill "$owner"
wait "$owner" 2>/dev/null
check 'the owner gone, the broker is killed' within 10 gone "$(cat "$one/1/pid")"

check 'three brokers start' says 0 '3 brokers at' "$kafka" start --brokers 3 --dir "$three"
check 'all are ready' says 0 'ready: 3 of 3' "$kafka" ready --all --dir "$three"
check 'a topic has three replicas' says 0 'Created' "$kafka" topic create b --partitions 3 --dir "$three"
check 'records are written to three' fill "$three" b 1 1000
check 'one is killed' "$kafka" kill 2 --dir "$three"
check 'two are ready' says 0 'ready: 2 of 3' "$kafka" ready --within 10 --dir "$three"
check 'but not all' says 1 'not ready' "$kafka" ready --all --dir "$three"
check 'two take records' fill "$three" b 1001 2000
check 'the killed one comes again' says 0 'broker 2 again' "$kafka" restart 2 --dir "$three"
check 'another is paused' "$kafka" pause 3 --dir "$three"
check 'two go on' says 0 'ready: 2 of 3' "$kafka" ready --within 10 --dir "$three"
check 'the paused one goes on' "$kafka" resume 3 --dir "$three"
check 'three are ready again' "$kafka" ready --all --within 30 --dir "$three"
check 'no record is lost or there twice' holds "$three" b 2000
check 'a broker that is not there is refused' says 2 'no broker 4' "$kafka" pause 4 --dir "$three"
check 'all three stop' "$kafka" stop --dir "$three"
for n in 1 2 3; do check "broker $n has ended" gone "$(cat "$three/$n/pid")"; done
check 'no class was missed' bash -c "! grep -h -E 'NoClassDefFound|ClassNotFound' '$one'/*/log '$three'/*/log"

# Jars: a copy of the scripts and of the cache, so that nobody else's start meets the damage.
cp -r "$here" "$scratch/scripts"
version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$here/kafka/pom.xml")
mkdir -p "$scratch/cache/kafka"
cp -a "${TRIBUTARY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tributary}/kafka/$version" "$scratch/cache/kafka/"
jar=$scratch/cache/kafka/$version/jars/re2j-1.8.jar
copy() { env -u CI TRIBUTARY_CACHE="$scratch/cache" "$scratch/scripts/kafka.sh" "$@"; }
rm "$jar"
check 'a missing jar is named, 77' says 77 'no com/google/re2j/re2j/1.8/re2j-1.8.jar' copy start --dir "$scratch/other"
check 'in CI that is a failure' says 1 'not available' \
  env CI=true TRIBUTARY_CACHE="$scratch/cache" "$kafka" start --dir "$scratch/other"
check 'Maven Central out of reach: what is missing is named, 77' says 77 'could not fetch com/google/re2j' \
  env TRIBUTARY_MAVEN_URL=http://127.0.0.1:9/ MAVEN_OPTS="-Dmaven.repo.local=$scratch/m2" CI= \
  TRIBUTARY_CACHE="$scratch/cache" "$kafka" setup
echo damaged >"$jar"
check 'a damaged jar is refused by name' says 1 'not what jars.lock says: com/google/re2j' copy start --dir "$scratch/other"
check 'setup fetches it anew' says 0 'fetching' copy setup
check 'a broker starts with it' says 0 'ready after' copy start --dir "$scratch/other"
check 'and stops' copy stop --dir "$scratch/other"
rm "$jar"
sed -i 's|^........\(.* com/google/re2j\)|00000000\1|' "$scratch/scripts/kafka/jars.lock"
check 'what Maven gives is refused if the lock says otherwise' says 1 'refused: com/google/re2j' copy setup

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
