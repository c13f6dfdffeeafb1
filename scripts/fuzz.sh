#!/usr/bin/env bash
# Builds every fuzz target and runs each for FUZZ_SECONDS, two at a time, from its corpus tests/fuzz/corpus/<name>/.
# New inputs that reach new code collect in build/fuzz/found/<name>/; an input that breaks something is kept in
# build/fuzz/artifacts/ and fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-15}
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
export seconds

cmake --preset fuzz
cmake --build --preset fuzz --target fuzz_targets

fuzz_one() {
  local binary=$1 name found corpus log
  name=$(basename "$binary" _fuzz)
  found=build/fuzz/found/$name corpus=tests/fuzz/corpus/$name log=build/fuzz/logs/$name.log
  mkdir -p "$found" "$(dirname "$log")" build/fuzz/artifacts
  # libFuzzer writes new inputs into the first folder only, so the corpus in the repository stays as it is.
  local folders=("$found")
  [[ -d $corpus ]] && folders+=("$corpus")
  if "$binary" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/artifacts/$name-" "${folders[@]}" >"$log" 2>&1; then
    printf '  ok    %-16s %s runs\n' "$name" "$(awk '/number_of_executed_units/ {print $2}' "$log")"
  else
    printf '  FAIL  %s\n' "$name"
    tail -n 60 "$log"
    printf '  again: %s build/fuzz/artifacts/%s-<file>\n' "$binary" "$name"
    return 1
  fi
}
export -f fuzz_one

mapfile -t binaries < <(find build/fuzz -name '*_fuzz' -type f -executable | sort)
if [[ ${#binaries[@]} -eq 0 ]]; then
  echo "fuzz: the target fuzz_targets built no *_fuzz program" >&2
  exit 1
fi
echo "Fuzzing ${#binaries[@]} targets for $seconds s each"
# shellcheck disable=SC2016  # $1 is for the inner bash
printf '%s\0' "${binaries[@]}" | xargs -0 -n 1 -P 2 bash -c 'fuzz_one "$1"' _
