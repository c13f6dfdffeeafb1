#!/usr/bin/env bash
# Builds and starts the server, then rebuilds and restarts it whenever a source changes. A build that fails shows its
# errors and leaves the running server alone. Ctrl-C stops everything.
set -euo pipefail
cd "$(dirname "$0")/.."

# The state of everything the program is made of, in one line. Asking once a second costs a few milliseconds, needs no
# package, and works on every file system, which inotify does not.
fingerprint() {
  find CMakeLists.txt CMakePresets.json cmake src migrations web -name node_modules -prune -o -type f \
    -printf '%p %T@ %s\n' | sort | cksum
}

server='' builder=''
running() { [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; }
stop_server() {
  if running "$server"; then kill -TERM "$server"; fi
  if [[ -n $server ]]; then wait "$server" || true; fi
  server=''
}
stop_all() {
  trap - EXIT INT TERM
  if running "$builder"; then kill -TERM "$builder"; fi
  stop_server
}
trap stop_all EXIT
trap 'exit 0' INT TERM

# In the background and waited for, so that a signal is answered at once, not after the build.
build() {
  cmake --preset dev >build/dev-configure.log 2>&1 || { cat build/dev-configure.log; return 1; }
  ninja -C build/dev kriya &
  builder=$!
  local code=0
  wait "$builder" || code=$?
  builder=''
  return "$code"
}

mkdir -p build
built=''
while true; do
  now=$(fingerprint)
  if [[ $now != "$built" ]]; then
    built=$now
    if build; then
      stop_server
      build/dev/kriya serve &
      server=$!
    elif running "$server"; then
      echo "dev: the build failed; the server before it is still running"
    else
      echo "dev: the build failed; waiting for a change"
    fi
  elif [[ -n $server ]] && ! running "$server"; then
    wait "$server" && code=0 || code=$?
    server=''
    echo "dev: the server ended by itself (exit $code); waiting for a change"
  fi
  # Not a plain sleep: a trap runs only after a foreground command has ended.
  sleep 1 &
  wait $!
done
