#!/bin/sh
# rin in one file: behind this script lie Deno (gzip) and the program, each at its length from the
# file's end. The first start unpacks them into a cache folder; each start hands over to them.
version=@version@ target=@target@
runtime_size=@runtimeSize@ runtime_sum=@runtimeSum@ runtime_packed=@runtimePacked@
program_size=@programSize@ program_sum=@programSum@
home_cache=@homeCache@

# How unpacking into a folder can fail; all but damage are worth a try with the next folder.
damaged=10 unwritable=11 noexec=12 foreign=13

fail() {
  printf 'rin: %s\n' "$*" >&2
  exit 1
}

packed_runtime() { tail -c "$((runtime_packed + program_size))" "$self" | head -c "$runtime_packed"; }

# Sizes notice a file that a power cut has emptied; checksums would take too long for every start.
is_ready() {
  [ "$(find "$folder/deno" -size "${runtime_size}c" 2>/dev/null)" = "$folder/deno" ] &&
    [ "$(find "$folder/rin.js" -size "${program_size}c" 2>/dev/null)" = "$folder/rin.js" ]
}

# In a folder for everybody, what another user has put there must not be started.
is_own() {
  case $folder in
    "$shared"/*)
      own=$(find "$shared" -prune -type d -user "$user" ! -perm -20 ! -perm -2 2>/dev/null)
      [ -n "$own" ]
      ;;
  esac
}

# Where there is no program for it, gzip's own checksum has to do.
has_sum() { # FILE SUM
  if command -v sha256sum >/dev/null; then
    found=$(sha256sum <"$1")
  elif command -v shasum >/dev/null; then
    found=$(shasum -a 256 <"$1")
  else
    found=$2
  fi
  [ "${found%% *}" = "$2" ]
}

# Files are made under names of their own and renamed, so that any number of first starts at the
# same time, finished or killed, leave whole files or none.
unpack() (
  umask 077
  mkdir -p "$folder" 2>/dev/null && is_own || exit $unwritable
  for left in "$folder"/new.*; do
    process=${left##*/new.}
    kill -0 "${process%.*}" 2>/dev/null || rm -rf "$left"
  done
  new=$(mktemp -d "$folder/new.$$.XXXXXX" 2>/dev/null) || exit $unwritable
  trap 'rm -rf "$new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  packed_runtime | gzip -dc >"$new/deno" 2>/dev/null || {
    packed_runtime | gzip -t 2>/dev/null && exit $unwritable
    exit $damaged
  }
  tail -c "$program_size" "$self" >"$new/rin.js" 2>/dev/null || exit $unwritable
  has_sum "$new/deno" "$runtime_sum" && has_sum "$new/rin.js" "$program_sum" || exit $damaged
  chmod 700 "$new/deno"
  "$new/deno" --version >/dev/null 2>&1
  case $? in
    0) ;;
    126) exit $noexec ;;
    *) exit $foreign ;;
  esac
  mv -f "$new/rin.js" "$folder/rin.js" && mv -f "$new/deno" "$folder/deno" || exit $unwritable
)

# Versions that nobody has started for a week.
remove_old() {
  for other in "${folder%/*}"/*/; do
    other=${other%/}
    if [ "$other" != "$folder" ] &&
      [ -z "$(find "$other" "$other/used" -prune -mtime -7 2>/dev/null)" ]; then
      rm -rf "$other"
    fi
  done
}

start() { # ARGUMENT...
  { : >"$folder/used"; } 2>/dev/null
  remove_old
  # What the program's hints are to begin with.
  if [ -z "${RIN_COMMAND:-}" ]; then
    RIN_COMMAND=$0
    [ "$(command -v "${0##*/}")" != "$0" ] || RIN_COMMAND=${0##*/}
  fi
  export RIN_COMMAND DENO_DIR="$folder/deno_dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
  exec "$folder/deno" run -A --unstable-no-legacy-abort --no-config --no-remote --no-npm "$folder/rin.js" "$@"
}

each_folder() { # COMMAND ARGUMENT..., with $folder
  for base in "${RIN_CACHE:-}" "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/rin}" \
    "${HOME:+$HOME/$home_cache/rin}" "$shared"; do
    folder=$base/program/$version
    if [ -n "$base" ]; then "$@"; fi
  done
}

start_if_ready() { if is_own && is_ready; then start "$@"; fi; }

start_unpacked() {
  unpack
  result=$?
  case $result in
    0) start "$@" ;;
    "$damaged") fail "Cannot unpack $self: the file is damaged, fetch it again." ;;
    "$foreign") fail "Cannot start here: this rin is made for $target." ;;
    "$noexec") reason='they are mounted noexec' ;;
    "$unwritable") ;;
    *) exit "$result" ;;
  esac
}

for tool in find gzip head mktemp tail; do
  command -v "$tool" >/dev/null || fail "Cannot start without the program $tool: install it."
done
self=$0
[ -r "$self" ] || self=$(command -v "$0")
user=$(id -u)
shared=${TMPDIR:-/tmp}/rin-$user
reason="they can't be written, or lack $((runtime_size / 1000000)) MB"

each_folder start_if_ready "$@"
each_folder start_unpacked "$@"
fail "Cannot unpack into the cache folder nor into ${TMPDIR:-/tmp} ($reason):" \
  "set RIN_CACHE to a folder that can be written and where programs may run."
