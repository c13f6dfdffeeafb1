#!/usr/bin/env bash
# Runs the tests, every step even if one before it failed, and ends with a summary.
#   scripts/test.sh               everything, on the release build
#   scripts/test.sh asan-ubsan    the unit and HTTP tests under these sanitizers
#   scripts/test.sh tsan          the unit tests under this one
#   scripts/test.sh sms           the tests of messages and verification alone, each by its name
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
only_messages=false
if [[ $preset == sms ]]; then preset=release only_messages=true; fi
logs=build/$preset/test-logs
mkdir -p "$logs"
export KRIYA_BIN=$PWD/build/$preset/kriya
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19 TSAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19

build() {
  cmake --preset "$preset" && cmake --build --preset "$preset"
}
# Every unit test is a process of its own: they share one PostgreSQL server, with a database for each.
unit_tests() (
  server=$(mktemp -d)
  trap 'tests/support/postgres_server.sh remove "$server"' EXIT
  KRIYA_TEST_POSTGRES_URL=$(tests/support/postgres_server.sh start "$server" fsync=off max_connections=300) || exit
  export KRIYA_TEST_POSTGRES_URL
  ctest --preset "$preset" --no-tests=error --output-on-failure -j "$(nproc)"
)
http_tests() {
  # The limit, far over what any file takes, ends a run in which a server hangs.
  build/node/bin/node --test --test-concurrency=4 --test-timeout=600000 --test-reporter=spec tests/e2e/*.test.mjs
}
# Everything from what providers say to what a person types back.
message_unit_tests() (
  suites=$(grep -rhoP '^(TEST(_P|_F)?|RC_GTEST(_FIXTURE)?_PROP)\(\K\w+' tests/messaging tests/verification | sort -u)
  server=$(mktemp -d)
  trap 'tests/support/postgres_server.sh remove "$server"' EXIT
  KRIYA_TEST_POSTGRES_URL=$(tests/support/postgres_server.sh start "$server" fsync=off) || exit
  export KRIYA_TEST_POSTGRES_URL
  "build/$preset/kriya_tests" --gtest_filter="$(sed 's/.*/*&.*/' <<<"$suites" | paste -sd:)"
)
message_http_tests() {
  build/node/bin/node --test --test-concurrency=2 --test-timeout=600000 --test-reporter=spec \
    tests/e2e/stand_ins.test.mjs tests/e2e/message*.test.mjs tests/e2e/verification*.test.mjs tests/e2e/sms*.test.mjs
}
# Debian's Python by its path: it has Debian's requests, another that comes first in PATH may not.
plane_tests() {
  /usr/bin/python3 tests/e2e/plane_backend_test.py
}
fuzzing() {
  scripts/fuzz.sh
}
formatting() {
  scripts/format.sh --check && echo "formatted as .clang-format says"
}

lint() {
  scripts/lint.sh --quick
}

# The lines with which the runners close, for the summary.
counts() {
  grep -hE '^[0-9]+% tests passed|^ℹ (tests|pass|fail|skipped) |^Ran [0-9]+ test|^Fuzzing ' "$1" | paste -sd' ' |
    sed -E 's/ ℹ /, /g; s/^ℹ //'
}

passed=0 failed=0 summary=()
step() {
  local name=$1 log=$logs/$1.log start=$SECONDS verdict
  printf '\n=== %s\n' "${name//_/ }"
  local code=0
  "$name" 2>&1 | tee "$log" || code=$?
  if [[ $code -eq 0 ]]; then
    verdict=ok passed=$((passed + 1))
  else
    verdict=FAIL failed=$((failed + 1))
  fi
  summary+=("$(printf '%-5s %-12s %4d s  %s' "$verdict" "${name//_/ }" $((SECONDS - start)) "$(counts "$log")")")
  return "$code"
}
finish() {
  printf '\n=== summary (%s)\n' "$preset"
  printf '%s\n' "${summary[@]}"
  printf 'steps: %d passed, %d failed\n' "$passed" "$failed"
  [[ $failed -eq 0 ]]
}

step build || { finish; exit 1; }
if $only_messages; then
  step message_unit_tests || true
  step message_http_tests || true
  finish
  exit
fi
step unit_tests || true
if [[ $preset != tsan ]]; then
  step http_tests || true
fi
if [[ $preset == release ]]; then
  step plane_tests || true
  step fuzzing || true
  step formatting || true
  step lint || true
fi
finish
