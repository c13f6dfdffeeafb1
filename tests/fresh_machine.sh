#!/usr/bin/env bash
# Proves that a bare Debian 12 is enough: makes one with debootstrap, clones HEAD into it and lets an ordinary user with
# sudo type `make run` (or `make test`). Needs root, debootstrap, git, curl and some 6 GB; takes a long coffee.
#   tests/fresh_machine.sh [run|test]
#   FRESH_KEEP=1        keep the root afterwards, for a look around
#   FRESH_USER=root     type the commands as root, on a machine without sudo
set -euo pipefail
cd "$(dirname "$0")/.."

what=${1:-run}
user=${FRESH_USER:-dev}
fail() {
  printf 'fresh_machine: %s\n' "$@" >&2
  exit 1
}
[[ $what == run || $what == test ]] || fail "usage: tests/fresh_machine.sh [run|test]"
[[ $EUID -eq 0 ]] || fail "must run as root: it makes a root file system and changes into it"
for command in debootstrap git curl unshare pgrep; do
  command -v "$command" >/dev/null || fail "$command is missing: apt-get install debootstrap git curl util-linux procps"
done

# In mount and process namespaces of its own: whatever happens, no mount and no process outlives this script.
if [[ ${FRESH_INSIDE:-} != 1 ]]; then
  FRESH_INSIDE=1 exec unshare --mount --mount-proc --pid --fork --kill-child "$0" "$@"
fi

root=$(mktemp -d "${TMPDIR:-/tmp}/kriya-fresh-XXXXXX")
chmod 755 "$root" # mktemp lets nobody else in; to the user this is /
home=$root/root
[[ $user == root ]] || home=$root/home/$user
clean_up() {
  umount -R "$root/proc" "$root/dev/shm" 2>/dev/null || true
  if [[ ${FRESH_KEEP:-} == 1 ]]; then
    echo "kept: $root"
  else
    rm -rf --one-file-system "$root"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n>>> %s\n' "$*"; }

# --- the machine --------------------------------------------------------------------------------------------------
say "debootstrap: Debian 12 with git and make, nothing else"
include=git,make,ca-certificates
[[ $user == root ]] || include+=,sudo
# The same archives as this machine's, where it is a Debian 12 itself; else debootstrap's default.
# shellcheck disable=SC2016  # apt-get fills these in, not the shell
archives=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
  2>/dev/null | awk '$1 == "Debian" && $3 ~ /^bookworm/ && $4 == "main" {print "deb", $2, $3, $4}' | sort -u || true)
mirror=$(awk '$3 == "bookworm" {print $2; exit}' <<<"$archives")
debootstrap --variant=minbase --include="$include" bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 ||
  { tail -n 20 "$root.log"; fail "debootstrap failed"; }
rm "$root.log"

# It reaches the network as this machine does: name service, archives, proxies, trusted certificates, npm registry.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
[[ -z $archives ]] || echo "$archives" >"$root/etc/apt/sources.list"
apt-config dump | grep -iE '^Acquire::.*(proxy|check-date|check-valid-until|cainfo)' \
  >"$root/etc/apt/apt.conf.d/90host" || true
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/host-certificates.crt"
environment=(HOME="${home#"$root"}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb
  LANG=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/host-certificates.crt)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY CI FUZZ_SECONDS; do
  [[ -z ${!name:-} ]] || environment+=("$name=${!name}")
done
if command -v npm >/dev/null; then
  environment+=("npm_config_registry=$(npm config get registry 2>/dev/null)")
fi

# No service may start in there: its ports are this machine's.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
if [[ $user != root ]]; then
  chroot "$root" useradd --create-home --shell /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
fi

git clone --quiet --no-hardlinks . "$home/kriya"
chroot "$root" chown -R "$user:" "${home#"$root"}/kriya"
say "cloned $(git rev-parse --short HEAD)"

# Becomes a command of the user in the clone; exec, so that its process id is the command's own.
inside() {
  exec chroot --userspec="$user:" --groups='' "$root" /usr/bin/env -i "${environment[@]}" "$@"
}
in_clone() {
  inside bash -c 'cd ~/kriya && exec "$@"' _ "$@"
}

if [[ $what == test ]]; then
  say "make test"
  (in_clone make test) </dev/null || fail "make test failed"
  say "make test passed on a bare Debian 12"
  exit 0
fi

# --- make run, twice ----------------------------------------------------------------------------------------------
port=18001
while (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
url=http://127.0.0.1:$port
environment+=("PORT=$port" PHONE_VERIFICATION=off)

# Starts `make run` and waits until the server is ready; leaves make's process id in $make, its output in $log.
start() {
  log=$root/tmp/make-run-$1.log
  local limit=$2 start=$SECONDS
  (in_clone make run) </dev/null >"$log" 2>&1 &
  make=$!
  until curl -sf -o /dev/null --max-time 2 "$url/health/ready"; do
    kill -0 "$make" 2>/dev/null || { tail -n 60 "$log"; fail "make run ended before the server was ready"; }
    ((SECONDS - start < limit)) || { tail -n 60 "$log"; fail "the server was not ready after $limit s"; }
    sleep 0.2
  done
  say "make run ($1): ready after $((SECONDS - start)) s"
}
# Stops the server as a service manager would; make must report that it ended well.
stop() {
  local code=0
  kill -TERM "$(pgrep -P "$make" -x kriya)"
  wait "$make" || code=$?
  [[ $code -eq 0 ]] || { tail -n 20 "$log"; fail "make run ended with $code after SIGTERM"; }
  echo "stopped by SIGTERM, exit 0"
}
# expect <what> <pattern> <curl arguments...>: the answer must be a success and match.
expect() {
  local name=$1 pattern=$2 answer
  shift 2
  answer=$(curl -sS --fail-with-body --max-time 10 "$@") || fail "$name: $answer"
  grep -qE "$pattern" <<<"$answer" || fail "$name: expected $pattern, got: $answer"
  answer=${answer//$'\n'/ }
  echo "$name: ${answer:0:150}"
}
json=(-H 'Content-Type: application/json')
validate() {
  expect "$1" "$2" "$url/api/auth/validate-token" "${json[@]}" -H "X-API-Key: $api_key" -d "{\"token\":\"$token\"}"
}

start first 7200
api_key=$(<"$home/kriya/data/plane_api_key") # made by the first start
grep -E '^(Installing|Fetching)' "$log"
sed -n '/Linking CXX executable kriya$/,$p' "$log" | tail -n +2

register=("$url/api/auth/register" "${json[@]}" -d '{"phone_number":"+14155550123","first_name":"Asha"}')
expect register '"success": ?true' "${register[@]}"
token=$(curl -sS "${register[@]}" | sed -E 's/.*"token": ?"([^"]+)".*/\1/')
validate validate '"valid": ?true'
expect user '"phone_number": ?"\+14155550123"' "$url/api/auth/user" -H "Authorization: Bearer $token"
expect logout '"success": ?true' -X DELETE "$url/api/auth/logout" -H "Authorization: Bearer $token"
validate 'validate after logout' '"valid": ?false'
expect docs '<html' "$url/docs"
stop

start second 60
if grep -E '^(Installing|Fetching)|Building CXX' "$log"; then
  fail "the second make run installed or built again"
fi
expect 'login of the stored user' 'Login successful' "${register[@]}"
stop

[[ -z $( (in_clone scripts/setup.sh run) 2>&1) ]] || fail "set-up is not silent when nothing is missing"
say "make run works on a bare Debian 12"
