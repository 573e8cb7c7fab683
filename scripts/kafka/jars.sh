# shellcheck shell=bash disable=SC2154,SC2119,SC2120
# Part of scripts/kafka.sh, which sets here, lock, pom, version, cache and java: the jars (fetched, checked, locked), the JVM's flags.
# Only `setup` and `lock` speak to the network; whatever runs a jar has called need_jars before.

jar_names() { sed 's|.*/||' "$lock"; }

# Order matters to the archive of classes, so it is the lock's, not the folder's.
class_path() { jar_names | sed "s|^|$cache/jars/|" | paste -sd:; }

# Prints `missing <maven path>` and `damaged <maven path>` for each jar in folder $1 that is not as the lock says.
bad_jars() {
  local hash path file
  while read -r hash path; do
    file=$1/${path##*/}
    if [ ! -f "$file" ]; then
      echo "missing $path"
    elif [ "$(sha256sum <"$file" | cut -d' ' -f1)" != "$hash" ]; then
      echo "damaged $path"
    fi
  done <"$lock"
}

# The paths of what `bad_jars` printed, on one line.
some_of() {
  local paths
  mapfile -t paths < <(cut -d' ' -f2 <<<"$1")
  if [ ${#paths[@]} -le 3 ]; then echo "${paths[*]}"; else echo "${paths[*]:0:3} and $((${#paths[@]} - 3)) more"; fi
}

# Size and time of each jar. Where it equals the stamp, the hashes were right and nobody touched a jar since.
jar_stamp() { { cat "$lock"; (cd "$cache/jars" && jar_names | xargs -r stat -c '%n %s %.Y'); } 2>/dev/null; }

need_jars() {
  command -v "$java" >/dev/null || unavailable "there is no $java; scripts/kafka.sh setup installs it"
  [ -s "$lock" ] || fail "there is no $lock; scripts/kafka.sh lock writes it"
  if [ -f "$cache/checked" ] && jar_stamp | cmp -s - "$cache/checked"; then return; fi
  local bad
  bad=$(bad_jars "$cache/jars")
  case $bad in
    '') jar_stamp >"$cache/checked" ;;
    *damaged*) fail "not what jars.lock says: $(some_of "$(grep ^damaged <<<"$bad")"); scripts/kafka.sh setup fetches anew" ;;
    *) unavailable "no $(some_of "$bad") in $cache; run scripts/kafka.sh setup" ;;
  esac
}

# Lets Maven put what the pom names into folder $1, in the layout of a repository. What is in Maven's own cache is not fetched.
maven_copy() {
  local settings=()
  if [ -n "${TRIBUTARY_MAVEN_URL:-}" ]; then
    cat >"$1.settings.xml" <<XML
<settings><mirrors><mirror><id>tributary</id><mirrorOf>central</mirrorOf><url>$TRIBUTARY_MAVEN_URL</url></mirror></mirrors></settings>
XML
    settings=(--global-settings "$1.settings.xml")
  fi
  # --update-snapshots: without it Maven does not try again for a day what it could not fetch once.
  mvn --quiet --batch-mode --strict-checksums --update-snapshots "${settings[@]}" --file "$pom" dependency:copy-dependencies \
    -DoutputDirectory="$1" -Dmdep.useRepositoryLayout=true </dev/null >"$1.log" 2>&1
}

fetch_jars() {
  local bad stage path
  bad=$(bad_jars "$cache/jars")
  [ -n "$bad" ] || return 0
  command -v mvn >/dev/null || unavailable "Maven fetches the jars, and there is no mvn"
  say "fetching Kafka $version from Maven Central ($(wc -l <<<"$bad") jars)"
  stage=$cache/stage
  rm -rf "$stage" "$stage.jars"
  mkdir -p "$stage"
  if ! maven_copy "$stage"; then
    grep -v '^\[ERROR\] *$' "$stage.log" | head -8 >&2
    unavailable "Maven could not fetch $(some_of "$bad")"
  fi
  mkdir -p "$stage.jars"
  find "$stage" -name '*.jar' -exec mv -t "$stage.jars" {} +
  bad=$(bad_jars "$stage.jars")
  if [ -n "$bad" ]; then
    rm -rf "$stage.jars"
    while read -r what path; do
      echo "kafka: refused: $path is $what: what Maven gave is not what scripts/kafka/jars.lock says" >&2
    done <<<"$bad"
    fail "if Maven's own cache is damaged, delete those jars there (~/.m2/repository) and run setup again"
  fi
  # The archive knows its jars by size and time.
  rm -rf "$cache/jars" "$cache"/*.jsa "$cache/checked"
  mv "$stage.jars" "$cache/jars"
  rm -rf "$stage" "$stage.log" "$stage.settings.xml"
}

write_lock() {
  command -v mvn >/dev/null || "$here/setup.sh" kafka
  local stage path
  stage=$(mktemp -d)
  # shellcheck disable=SC2064  # now, while `stage` is known
  trap "rm -rf '$stage' '$stage.log' '$stage.settings.xml'" EXIT
  maven_copy "$stage" || { cat "$stage.log" >&2; unavailable "Maven could not fetch what $pom names"; }
  (cd "$stage" && find . -name '*.jar' -printf '%P\n' | LC_ALL=C sort | while read -r path; do
    echo "$(sha256sum <"$path" | cut -d' ' -f1) $path"
  done) >"$lock"
  say "$(wc -l <"$lock") jars in $lock; see what changed: git diff"
}

# --- The JVM --------------------------------------------------------------------------------------------------------------------

# An archive of loaded classes halves the start. It holds for one JVM and one place of the jars.
archive() {
  local jvm
  jvm=$(dirname "$(dirname "$(readlink -f "$(command -v "$java")")")")/lib/server/libjvm.so
  echo "$cache/classes-$({ stat -c '%n %s %Y' "$jvm"; class_path; } 2>/dev/null | cksum | cut -d' ' -f1).jsa"
}

logging_flags() { sed -n 's|^\([a-zA-Z].*\)|-Dorg.slf4j.simpleLogger.\1|p' "$here/kafka/logging.properties"; }

# Fills `jvm`. The compiler's first tier and the serial collector: a test's broker lives for seconds.
jvm_flags() {
  mapfile -t jvm < <(logging_flags)
  jvm+=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError -Djava.net.preferIPv4Stack=true)
  local classes
  classes=$(archive)
  if [ ! -f "$classes" ] || [ "${1:-}" = no-archive ]; then return; fi
  jvm+=(-Xshare:auto "-XX:SharedArchiveFile=$classes" -Xlog:cds=off -Xlog:cds+dynamic=off)
}

tool() { # <class> [argument...]
  local class=$1 jvm
  shift
  jvm_flags
  "$java" "${jvm[@]}" -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$(class_path)" "$class" "$@"
}

# Formatting a broker's folder takes a JVM of its own for a second; but of what it writes, only ids differ from broker to broker.
# So it is done once, here, and `start` copies it.
make_template() {
  [ ! -s "$cache/bootstrap.checkpoint" ] || return 0
  local scratch=$cache/scratch
  rm -rf "$scratch"
  mkdir -p "$scratch"
  broker_settings "$scratch" 1 1 29092 random_id >"$scratch/server.properties"
  tool kafka.tools.StorageTool format -t "$(random_id)" -c "$scratch/server.properties" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" >&2; fail "kafka.tools.StorageTool could not format a folder"; }
  mv "$scratch/data/bootstrap.checkpoint" "$cache/bootstrap.checkpoint"
  rm -rf "$scratch"
}

make_archive() {
  local classes scratch=$cache/scratch
  classes=$(archive)
  [ ! -f "$classes" ] || return 0
  rm -rf "$scratch" "$cache"/*.jsa
  # What a client asks first belongs into the archive too; `ready` and a topic do that.
  if (TRIBUTARY_KAFKA_JVM="-XX:ArchiveClassesAtExit=$classes.new -Xlog:cds=off -Xlog:cds+dynamic=off" \
    "$here/kafka.sh" start --dir "$scratch" && "$here/kafka.sh" topic create warm --dir "$scratch" &&
    "$here/kafka.sh" stop --dir "$scratch") >"$cache/archive.log" 2>&1 && [ -s "$classes.new" ]; then
    mv "$classes.new" "$classes"
    rm -f "$cache/archive.log"
  else
    say "no archive of classes (why: $cache/archive.log): brokers start, but slower"
    "$here/kafka.sh" kill --dir "$scratch" >/dev/null 2>&1 || true
  fi
  rm -rf "$scratch" "$classes.new"
}

setup() {
  [ -s "$lock" ] || fail "there is no $lock; scripts/kafka.sh lock writes it"
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  if ! command -v "$java" >/dev/null || { [ -n "$(bad_jars "$cache/jars")" ] && ! command -v mvn >/dev/null; }; then
    "$here/setup.sh" kafka || unavailable "Debian packages of scripts/packages-kafka.txt are missing"
  fi
  local major
  major=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
  [ "${major:-0}" -ge 17 ] || unavailable "a Kafka $version broker needs Java 17 or newer; $java is Java ${major:-unknown}"
  fetch_jars
  jar_stamp >"$cache/checked"
  make_template
  make_archive
}
