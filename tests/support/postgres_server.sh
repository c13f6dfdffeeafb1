#!/usr/bin/env bash
# A throw-away PostgreSQL server for tests and benchmarks, in a folder of its own, on one free port of 127.0.0.1 (and a
# socket in the folder). It works as root too, which PostgreSQL itself refuses: then the server runs as `postgres`.
#   tests/support/postgres_server.sh start FOLDER [name=value ...]   settings; prints the superuser's URL when it answers
#   tests/support/postgres_server.sh stop FOLDER                     at once, as on a crash (-m immediate)
#   tests/support/postgres_server.sh restart FOLDER                  the same folder, port and URL again after a stop
#   tests/support/postgres_server.sh remove FOLDER                   stop and delete
set -euo pipefail

command=${1:?} folder=${2:?}
shift 2
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[[ -n $programs ]] || { echo "PostgreSQL's server is not installed (Debian: postgresql-15)" >&2; exit 1; }

as_server() {
  if [[ $EUID -eq 0 ]]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@")
  else
    "$@"
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start() {
  # The port was free a moment ago; who loses the race for it takes another.
  local port
  for _ in 1 2 3 4 5; do
    port=${1:-$(free_port)}
    if as_server "$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 \
      -o "-c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder" start >/dev/null; then
      echo "$port" >"$folder/port"
      echo "postgresql://postgres@127.0.0.1:$port/postgres"
      return
    fi
  done
  tail -20 "$folder/log" >&2
  exit 1
}

case $command in
  start)
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    [[ $EUID -ne 0 ]] || chown postgres "$folder"
    as_server "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
      >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
    for setting in "$@"; do
      echo "${setting%%=*} = '${setting#*=}'" >>"$folder/data/postgresql.conf"
    done
    start
    ;;
  stop) as_server "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null ;;
  restart) start "$(cat "$folder/port")" ;;
  remove)
    as_server "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
    ;;
  *) echo "unknown command: $command" >&2 && exit 2 ;;
esac
