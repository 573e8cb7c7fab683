#!/usr/bin/env bash
# A real Kafka broker (or three) on the loopback, for tests and the demo: processes of this user, no container, no service.
# Jars come from Maven Central and are checked against scripts/kafka/jars.lock. See scripts/kafka/README.md.
# A broker is signalled only by its pid file, and only while that pid's command line still names the broker's own folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lock=$here/kafka/jars.lock
pom=$here/kafka/pom.xml
version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$pom")
cache=${TRIBUTARY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tributary}/kafka/$version
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

usage() {
  cat <<USAGE
usage: scripts/kafka.sh <verb> [--dir DIR] ...          Kafka $version; DIR is build/kafka unless told

  setup                      install Java, fetch and check the jars, prepare a fast start; quiet if all is there
  start [--brokers 1|3] [--port-base N] [--set key=value]... [--heap 256m] [--owner PID] [--fresh]
                             a new cluster, ready when this returns; --fresh drops the data of a stopped one in DIR;
                             --owner: kill the brokers once process PID is gone
  restart [--set key=value]... [N...]    stop if it runs, start again on the same data and ports
  ready [--all] [--within S] 0 if most (--all: all) brokers answer and know a controller
  stop [N...]                SIGTERM, wait
  kill [N...]                SIGKILL, wait
  pause [N...]               SIGSTOP
  resume [N...]              SIGCONT
  status                     one line a broker
  topic create|delete|list|describe [NAME] [argument of kafka-topics]...
  tool CLASS [argument]...   a class of org.apache.kafka.tools, or with its whole name;
                             as: tool TransactionsCommand --bootstrap-server "\$(cat build/kafka/brokers)" list
  lock                       write scripts/kafka/jars.lock anew from scripts/kafka/pom.xml

DIR/brokers is the bootstrap list; DIR/<n>/{pid,log,data,server.properties} belong to broker n = 1, 2, 3.
Exit status: 0; 1 failed; 2 wrong usage; 77 Kafka cannot be had on this machine (1 if CI is set: there it must be).
Environment: TRIBUTARY_CACHE, TRIBUTARY_MAVEN_URL (a mirror of Maven Central; else Maven's own settings hold), JAVA_HOME,
TRIBUTARY_KAFKA_JVM (more flags for the brokers' JVM).
USAGE
}

say() { echo "kafka: $*"; }
fail() { echo "kafka: $*" >&2; exit 1; }
wrong() { echo "kafka: $*" >&2; echo "kafka: scripts/kafka.sh help says how" >&2; exit 2; }
# Callers skip what needs Kafka at 77 (ctest's SKIP_RETURN_CODE); a skip in CI would hide that nothing was tested.
unavailable() {
  echo "kafka: not available: $*" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 77
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
seconds_since() { awk -v ms=$(($(now_ms) - $1)) 'BEGIN { printf "%.2f", ms / 1000 }'; }

# shellcheck source=scripts/kafka/jars.sh
. "$here/kafka/jars.sh"

# --- Brokers --------------------------------------------------------------------------------------------------------------------

random_id() {
  local id=-
  while [[ $id == -* ]]; do id=$(head -c16 /dev/urandom | basenc --base64url | tr -d =); done
  echo "$id"
}

broker_settings() { # <dir> <n> <brokers> <port base>: server.properties of broker n
  local voters=() i replicas=1 isr=1
  [ "$3" -eq 1 ] || { replicas=3 isr=2; }
  for ((i = 1; i <= $3; i++)); do voters+=("$i@127.0.0.1:$(($4 + 2 * i - 1))"); done
  cat "$here/kafka/server.properties"
  cat <<SETTINGS
node.id=$2
listeners=PLAINTEXT://127.0.0.1:$(($4 + 2 * $2 - 2)),CONTROLLER://127.0.0.1:$(($4 + 2 * $2 - 1))
controller.quorum.voters=$(IFS=,; echo "${voters[*]}")
log.dirs=$1/data
default.replication.factor=$replicas
min.insync.replicas=$isr
offsets.topic.replication.factor=$replicas
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$isr
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$isr
SETTINGS
}

add_settings() { [ ${#settings[@]} -eq 0 ] || printf '%s\n' "${settings[@]}" >>"$dir/$1/server.properties"; } # what --set says

# The pid of broker n if it is still that broker, else nothing. A process that has ended but was not reaped has no command line.
pid_of() {
  local pid
  pid=$(cat "$dir/$1/pid" 2>/dev/null) || return 0
  [[ $pid =~ ^[0-9]+$ ]] || return 0
  if grep -qzxF -- "$dir/$1/server.properties" "/proc/$pid/cmdline" 2>/dev/null; then echo "$pid"; fi
}

process_state() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1; }
port_of() { sed -n 's|^listeners=PLAINTEXT://127.0.0.1:\([0-9]*\),.*|\1|p' "$dir/$1/server.properties"; }

# All brokers of DIR, or those named.
select_brokers() {
  [ -f "$dir/brokers" ] || fail "no broker was started in $dir"
  mapfile -t all < <(find "$dir" -mindepth 1 -maxdepth 1 -name '[1-9]' -printf '%f\n' | sort)
  local n
  for n in "$@"; do [[ $n =~ ^[1-9]$ && -d $dir/$n ]] || wrong "there is no broker $n in $dir (it has ${all[*]})"; done
  chosen=("$@")
  [ $# -gt 0 ] || chosen=("${all[@]}")
}

# Asks the broker at port $1 what a client asks first (Metadata, version 2, no topics) and prints
# `<cluster id> <controller> <broker>...`; fails if there is no whole answer within a second.
ask() {
  local bytes at=0 count id length i listed=() cluster controller
  # shellcheck disable=SC2207  # numbers
  bytes=($({
    printf '\0\0\0\016\0\3\0\2\0\0\0\1\377\377\0\0\0\0' >&3
    size=$(timeout 1 head -c4 <&3 | od -An -tu1 | awk '{ print $1 * 16777216 + $2 * 65536 + $3 * 256 + $4 }')
    [ "${size:-0}" -gt 8 ] && [ "$size" -lt 65536 ] && timeout 1 head -c"$size" <&3 | od -An -v -tu1
  } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1")) 2>/dev/null || return 1
  number() { # <width>: into `id`
    local j
    id=0
    for ((j = 0; j < $1; j++)); do id=$((id * 256 + ${bytes[at + j]:-0})); done
    at=$((at + $1))
  }
  [ ${#bytes[@]} -gt 16 ] || return 1
  at=4
  number 4
  count=$id
  [ "$count" -le 9 ] || return 1
  for ((i = 0; i < count; i++)); do
    number 4
    listed+=("$id")
    number 2
    at=$((at + id + 4))
    number 2 # the rack, which may be null
    [ "$id" -eq 65535 ] || at=$((at + id))
  done
  number 2
  length=$id
  [ "$length" -lt 100 ] || return 1
  # shellcheck disable=SC2059  # a character by its code
  cluster=$(for ((i = 0; i < length; i++)); do printf "\\x$(printf %x "${bytes[at + i]:-63}")"; done)
  at=$((at + length))
  number 4
  controller=$id
  [ "$controller" -lt 2147483648 ] || controller=-1
  echo "$cluster $controller ${listed[*]}"
}

# How many brokers answer as ours and name a controller; those must list at least $1 brokers.
answering() {
  local n answer words count=0
  for n in "${all[@]}"; do
    [ -n "$(pid_of "$n")" ] || continue
    answer=$(ask "$(port_of "$n")") || continue
    read -r -a words <<<"$answer"
    # Another cluster may have taken the port.
    [ "${words[0]}" = "$(cat "$dir/cluster")" ] || continue
    if [ "${words[1]}" != -1 ] && [ ${#words[@]} -ge $(($1 + 2)) ]; then count=$((count + 1)); fi
  done
  echo "$count"
}

# Waits until $1 brokers are ready and list $2, at most $3 seconds; 1: not in time, 3: one of `chosen` has ended.
wait_ready() {
  local deadline=$(($(now_ms) + $3 * 1000)) n
  while [ "$(answering "$2")" -lt "$1" ]; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    for n in "${chosen[@]}"; do [ -n "$(pid_of "$n")" ] || return 3; done
    sleep 0.05
  done
}

launch() { # <n>
  local n=$1 jvm extra=() flags=''
  [ ! -f "$dir/jvm" ] || flags=$(cat "$dir/jvm")
  case $flags in *ArchiveClassesAtExit*) jvm_flags no-archive ;; *) jvm_flags ;; esac
  read -r -a extra <<<"$flags"
  mkdir -p "$dir/$n/tmp"
  # The broker outlives this script: its own session, nothing of the caller's open (a pipe held open would make the caller wait).
  (
    cd "$dir/$n"
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      [ "$fd" -le 2 ] || eval "exec $fd>&-"
    done
    exec setsid "$java" "${jvm[@]}" -Djava.io.tmpdir="$dir/$n/tmp" "${extra[@]}" -cp "$(class_path)" kafka.Kafka \
      "$dir/$n/server.properties" </dev/null >>"$dir/$n/log" 2>&1
  ) &
  echo $! >"$dir/$n/pid"
  # Until the exec the command line is this script's, and `pid_of` would not know it.
  for ((i = 0; i < 200; i++)); do
    [ -z "$(pid_of "$n")" ] || return 0
    kill -0 $! 2>/dev/null || return 0
    sleep 0.01
  done
}

why() { # the last words of those of `chosen` that are not ready
  local n
  for n in "${chosen[@]}"; do
    echo "kafka: broker $n, the end of $dir/$n/log:" >&2
    { grep -E 'Exception|ERROR|already in use' "$dir/$n/log" | tail -n 4; echo ...; tail -n 8 "$dir/$n/log"; } | cut -c1-240 >&2
  done
}

# Who listens on a port, by the kernel's table: nobody is disturbed.
busy() {
  awk -v port=":$(printf %04X "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# A range of $1 free ports below those that the kernel gives to clients.
free_ports() {
  local low base i try
  low=$(cut -f1 /proc/sys/net/ipv4/ip_local_port_range 2>/dev/null || echo 32768)
  [ "$low" -gt 21000 ] && [ "$low" -lt 32768 ] || low=32768
  for ((try = 0; try < 50; try++)); do
    base=$((20000 + (RANDOM * 32768 + RANDOM) % (low - 20000 - $1)))
    for ((i = 0; i < $1; i++)); do ! busy $((base + i)) || continue 2; done
    echo "$base"
    return
  done
  return 1
}

signal() { kill "-$1" "$2" 2>/dev/null || true; }

wait_gone() { # <n> <pid> <seconds>
  local deadline=$(($(now_ms) + $3 * 1000))
  while [ "$(pid_of "$1")" = "$2" ]; do
    [ "$(now_ms)" -lt "$deadline" ] || return 1
    sleep 0.02
  done
}

kill_brokers() {
  local n pid
  for n in "$@"; do
    pid=$(pid_of "$n")
    [ -n "$pid" ] || continue
    signal KILL "$pid"
    wait_gone "$n" "$pid" 10 || fail "broker $n (pid $pid) did not die"
  done
}

# The last ones of three cannot hand over their leaderships: with them goes the majority that would agree. They get a few seconds,
# then are killed; what they acknowledged is in their logs all the same.
stop_brokers() {
  local n pid alive=0
  for n in "$@"; do pid=$(pid_of "$n"); [ -z "$pid" ] || signal CONT "$pid"; done # a paused process would not hear it
  for n in "${all[@]}"; do
    pid=$(pid_of "$n")
    if [ -n "$pid" ] && [ "$(process_state "$pid")" != T ]; then alive=$((alive + 1)); fi
  done
  for n in "$@"; do
    pid=$(pid_of "$n")
    [ -n "$pid" ] || continue
    signal TERM "$pid"
    if [ $((alive * 2)) -gt ${#all[@]} ]; then
      wait_gone "$n" "$pid" 30 || { say "broker $n did not stop within 30 s: killed"; kill_brokers "$n"; }
    else
      wait_gone "$n" "$pid" 3 || kill_brokers "$n"
    fi
    alive=$((alive - 1))
  done
}

start() {
  local n base try began status
  case $dir in *[,\\]*) wrong "--dir must have neither comma nor backslash: $dir" ;; esac
  need_jars
  [ -s "$cache/bootstrap.checkpoint" ] || unavailable "run scripts/kafka.sh setup first"
  began=$(now_ms)
  if [ -f "$dir/brokers" ]; then
    select_brokers
    for n in "${all[@]}"; do
      [ -z "$(pid_of "$n")" ] ||
        fail "broker $n runs in $dir already (pid $(pid_of "$n"), 127.0.0.1:$(port_of "$n")); stop it, or take another --dir"
    done
    [ -n "$fresh" ] || fail "$dir holds the data of a stopped cluster: restart goes on with it, start --fresh drops it"
    for n in "${all[@]}"; do rm -rf "${dir:?}/$n"; done
    rm -f "$dir/brokers"
  elif [ ! -f "$dir/cluster" ] && [ -n "$(ls -A "$dir" 2>/dev/null)" ]; then
    fail "$dir is not empty and not of kafka.sh"
  fi
  mkdir -p "$dir"
  random_id >"$dir/cluster"
  echo "-Xmx$heap ${TRIBUTARY_KAFKA_JVM:-}" >"$dir/jvm"
  mapfile -t all < <(seq "$brokers")
  chosen=("${all[@]}")
  if [ -n "$port_base" ]; then
    for ((n = 0; n < 2 * brokers; n++)); do
      ! busy $((port_base + n)) || fail "port $((port_base + n)) is busy (--port-base $port_base needs $((2 * brokers)) ports)"
    done
  fi
  # Between looking for a free port and taking it somebody else may take it: then once more with others.
  for try in 1 2 3; do
    base=${port_base:-$(free_ports $((2 * brokers)))} || fail 'no free ports between 20000 and 32768'
    : >"$dir/brokers.new"
    for n in "${all[@]}"; do
      rm -rf "${dir:?}/$n"
      mkdir -p "$dir/$n/data"
      broker_settings "$dir/$n" "$n" "$brokers" "$base" >"$dir/$n/server.properties"
      add_settings "$n"
      cp "$cache/bootstrap.checkpoint" "$dir/$n/data/"
      printf '%s\n' version=1 "cluster.id=$(cat "$dir/cluster")" "node.id=$n" "directory.id=$(random_id)" >"$dir/$n/data/meta.properties"
      echo "127.0.0.1:$(port_of "$n")" >>"$dir/brokers.new"
    done
    paste -sd, "$dir/brokers.new" >"$dir/brokers"
    rm -f "$dir/brokers.new"
    for n in "${all[@]}"; do launch "$n"; done
    status=0
    wait_ready "$brokers" "$brokers" 60 || status=$?
    [ "$status" -ne 0 ] || break
    kill_brokers "${all[@]}"
    if [ "$status" -eq 3 ] && [ -z "$port_base" ] && [ "$try" -lt 3 ] &&
      grep -qs 'Address already in use' "$dir"/[1-9]/log; then continue; fi
    why
    rm -f "$dir/brokers" # so that the next start is not refused; the logs stay
    mkdir -p "$dir/failed" && rm -rf "$dir/failed"/* && mv "$dir"/[1-9] "$dir/failed/"
    fail "$([ "$status" -eq 3 ] && echo 'a broker ended' || echo 'not ready within 60 s'); its folder is now in $dir/failed"
  done
  [ -z "$owner" ] || watch_owner
  say "$brokers broker$([ "$brokers" -eq 1 ] || echo s) at $(cat "$dir/brokers"), ready after $(seconds_since "$began") s, in $dir"
}

# A test that is killed cannot stop its brokers. Pids come round again: an owner is a pid and its start time.
watch_owner() {
  local born
  born=$(sed 's/.*) //' "/proc/$owner/stat" | cut -d' ' -f20)
  setsid "$here/kafka.sh" watch --dir "$dir" "$owner" "$born" </dev/null >/dev/null 2>&1 9>&- &
}
watch() {
  while [ -d "$dir" ] && [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20)" = "$2" ]; do sleep 1; done
  [ -f "$dir/brokers" ] || return 0
  select_brokers
  kill_brokers "${all[@]}"
}

restart() {
  local n began up
  need_jars
  select_brokers "$@"
  began=$(now_ms)
  stop_brokers "${chosen[@]}"
  for n in "${chosen[@]}"; do
    add_settings "$n"
    launch "$n"
  done
  up=0
  for n in "${all[@]}"; do
    if [ -n "$(pid_of "$n")" ] && [ "$(process_state "$(pid_of "$n")")" != T ]; then up=$((up + 1)); fi
  done
  # Too few for a majority cannot be ready; whoever starts them one by one waits with `ready`.
  if [ $((up * 2)) -gt ${#all[@]} ]; then wait_ready "$up" "$up" 60 || { why; fail "not ready"; }; fi
  say "broker ${chosen[*]} again at $(cat "$dir/brokers"), $(seconds_since "$began") s"
}

ready() {
  select_brokers
  local need=$((${#all[@]} / 2 + 1)) known=1 deadline=$(($(now_ms) + within * 1000)) count
  [ -z "$ready_all" ] || { need=${#all[@]} known=${#all[@]}; }
  while :; do
    count=$(answering "$known")
    [ "$count" -lt "$need" ] || { say "ready: $count of ${#all[@]}"; return 0; }
    [ "$(now_ms)" -lt "$deadline" ] || fail "not ready: $count of ${#all[@]} answer, $need must"
    sleep 0.05
  done
}

status() {
  select_brokers
  local n pid state memory
  for n in "${all[@]}"; do
    pid=$(pid_of "$n")
    if [ -z "$pid" ]; then
      echo "$n  stopped  127.0.0.1:$(port_of "$n")"
    else
      state=running
      [ "$(process_state "$pid")" != T ] || state=paused
      memory=$(awk '/^VmRSS/ { printf "%d MB", $2 / 1024 }' "/proc/$pid/status")
      echo "$n  $state  127.0.0.1:$(port_of "$n")  pid $pid  $memory  $dir/$n/log"
    fi
  done
}

pause() {
  local n pid i
  for n in "${chosen[@]}"; do
    pid=$(pid_of "$n")
    [ -n "$pid" ] || fail "broker $n does not run"
    signal STOP "$pid"
    for ((i = 0; i < 100; i++)); do [ "$(process_state "$pid")" != T ] || break; sleep 0.01; done
  done
}

topic() {
  local verb=${1:-} name=()
  case $verb in create | delete | list | describe) ;; *) wrong "topic create, delete, list or describe, not '$verb'" ;; esac
  shift
  if [ $# -gt 0 ] && [[ $1 != --* ]]; then
    name=(--topic "$1")
    shift
  fi
  need_jars
  select_brokers
  tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$(cat "$dir/brokers")" "--$verb" "${name[@]}" "$@"
}

# --- Command line ---------------------------------------------------------------------------------------------------------------

dir=build/kafka brokers=1 port_base='' settings=() heap=256m owner='' fresh='' ready_all='' within=0 rest=() all=() chosen=()
[ $# -gt 0 ] || { usage >&2; exit 2; }
verb=$1
shift
case $verb in
  setup | start | restart | ready | stop | kill | pause | resume | status | topic | tool | lock | watch) ;;
  help | -h | --help) usage; exit 0 ;;
  *) wrong "unknown verb '$verb'" ;;
esac
while [ $# -gt 0 ]; do
  case $verb:$1 in
    *:--dir | start:--brokers | start:--port-base | start:--set | restart:--set | start:--heap | start:--owner | ready:--within)
      [ $# -ge 2 ] || wrong "$1 needs a value" ;;&
    *:--dir) dir=$2; shift 2 ;;
    start:--brokers) brokers=$2; shift 2 ;;
    start:--port-base) port_base=$2; shift 2 ;;
    start:--heap) heap=$2; shift 2 ;;
    start:--owner) owner=$2; shift 2 ;;
    start:--fresh) fresh=1; shift ;;
    ready:--all) ready_all=1; shift ;;
    ready:--within) within=$2; shift 2 ;;
    start:--set | restart:--set)
      [[ $2 == [a-z]*=* ]] || wrong "--set needs key=value, not '$2'"
      settings+=("$2"); shift 2 ;;
    topic:* | tool:*) rest+=("$1"); shift ;;
    *:-*) wrong "$verb does not know $1" ;;
    *) rest+=("$1"); shift ;;
  esac
done
[[ $brokers == [13] ]] || wrong "--brokers is 1 or 3, not '$brokers'"
[[ -z $port_base || ($port_base =~ ^[0-9]{4,5}$ && $port_base -le 65500) ]] ||
  wrong "--port-base is a port from 1000 to 65500, not '$port_base'"
[[ $within =~ ^[0-9]+$ ]] || wrong "--within is a number of seconds, not '$within'"
[[ $heap =~ ^[0-9]+[mg]$ ]] || wrong "--heap is like 256m, not '$heap'"
[[ -z $owner || -d /proc/$owner ]] || wrong "--owner: there is no process '$owner'"
case $verb in
  setup | lock | start | ready | status) [ ${#rest[@]} -eq 0 ] || wrong "$verb takes no '${rest[0]}'" ;;
esac
dir=$(realpath -m -- "$dir")

case $verb in
  setup) setup ;;
  lock) write_lock ;;
  start) start ;;
  restart) restart "${rest[@]}" ;;
  ready) ready ;;
  status) status ;;
  stop) select_brokers "${rest[@]}"; stop_brokers "${chosen[@]}" ;;
  kill) select_brokers "${rest[@]}"; kill_brokers "${chosen[@]}" ;;
  pause) select_brokers "${rest[@]}"; pause ;;
  resume)
    select_brokers "${rest[@]}"
    for n in "${chosen[@]}"; do
      pid=$(pid_of "$n")
      [ -n "$pid" ] || fail "broker $n does not run"
      signal CONT "$pid"
    done ;;
  topic) topic "${rest[@]}" ;;
  tool)
    [ ${#rest[@]} -gt 0 ] || wrong 'tool needs a class'
    need_jars
    case ${rest[0]} in kafka.* | org.*) ;; *) rest[0]=org.apache.kafka.tools.${rest[0]} ;; esac
    tool "${rest[@]}" ;;
  watch) watch "${rest[@]}" ;;
esac
