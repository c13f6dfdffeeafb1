#!/usr/bin/env bash
# A throw-away Redis for tests and benchmarks, in a folder of its own, on one free port of 127.0.0.1. It keeps nothing:
# after a stop its data are gone.
#   tests/support/redis_server.sh start FOLDER [--tls[=NAME]] [name=value ...]   settings; prints its URL when it answers
#   tests/support/redis_server.sh stop FOLDER                                     at once, as on a crash
#   tests/support/redis_server.sh restart FOLDER                                  the same port and settings again after a stop
#   tests/support/redis_server.sh remove FOLDER                                   stop and delete
# With --tls its certificate is for NAME alone ("localhost" when not given), by an authority whose own is FOLDER/ca.pem.
set -euo pipefail

command=${1:?} folder=${2:?}
shift 2
server=$(command -v redis-server) || { echo "Redis is not installed (Debian: redis-server)" >&2; exit 1; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

make_certificates() {
  local name=$1 days=(-days 2) key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  openssl req -x509 "${days[@]}" "${key[@]}" -subj "/CN=Test authority" -keyout "$folder/ca.key" -out "$folder/ca.pem"
  openssl req "${key[@]}" -subj "/CN=$name" -keyout "$folder/redis.key" -out "$folder/redis.csr"
  openssl x509 -req "${days[@]}" -in "$folder/redis.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
    -CAcreateserial -extfile <(echo "subjectAltName=DNS:$name") -out "$folder/redis.pem"
}

is_running() {  # a zombie that nobody has collected yet is none
  [[ -s $folder/pid ]] && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat "$folder/pid")/status"
}

start() {
  # The port was free a moment ago; who loses the race for it takes another.
  local port
  for _ in 1 2 3 4 5; do
    port=${1:-$(free_port)}
    local listen=(--port "$port")
    [[ ! -e $folder/ca.pem ]] || listen=(--port 0 --tls-port "$port")
    rm -f "$folder/log"
    "$server" "$folder/settings" --daemonize yes --pidfile "$folder/pid" --logfile "$folder/log" "${listen[@]}" >/dev/null
    while :; do
      if grep -qs "Ready to accept connections" "$folder/log"; then
        echo "$port" >"$folder/port"
        [[ -e $folder/ca.pem ]] && echo "rediss://localhost:$port" || echo "redis://127.0.0.1:$port"
        return
      fi
      grep -qsE "Failed listening|Fatal|Failed to configure|Aborting" "$folder/log" && break
      sleep 0.02
    done
  done
  tail -20 "$folder/log" >&2
  exit 1
}

stop() {
  is_running || return 0
  kill -KILL "$(cat "$folder/pid")"
  while is_running; do sleep 0.01; done
  rm -f "$folder/pid"
}

case $command in
  start)
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    cat >"$folder/settings" <<EOF
bind 127.0.0.1
dir $folder
save ""
enable-debug-command local
EOF
    for setting in "$@"; do
      if [[ $setting == --tls || $setting == --tls=* ]]; then
        [[ $setting == *=* ]] || setting+="=localhost"
        make_certificates "${setting#--tls=}" >"$folder/openssl.log" 2>&1 || { cat "$folder/openssl.log" >&2; exit 1; }
        printf '%s\n' "tls-cert-file $folder/redis.pem" "tls-key-file $folder/redis.key" \
          "tls-ca-cert-file $folder/ca.pem" "tls-auth-clients no" >>"$folder/settings"
      else
        echo "${setting%%=*} ${setting#*=}" >>"$folder/settings"
      fi
    done
    start
    ;;
  stop) stop ;;
  restart) start "$(cat "$folder/port")" ;;
  remove)
    stop
    rm -rf "$folder"
    ;;
  *) echo "unknown command: $command" >&2 && exit 2 ;;
esac
