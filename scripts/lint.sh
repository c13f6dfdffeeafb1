#!/usr/bin/env bash
# Runs clang-tidy with the short list of .clang-tidy over src/, file by file as the dev build compiles it: a file that
# leans on what its neighbour in the release build includes is found here.
#   scripts/lint.sh            everything
#   scripts/lint.sh --quick    with the analyzer's shallow mode, which follows fewer calls: a half of the time
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset dev >build/dev-configure.log 2>&1 || { cat build/dev-configure.log; exit 1; }
depth=()
if [[ ${1:-} == --quick ]]; then
  for word in -Xclang -analyzer-config -Xclang mode=shallow; do depth+=("--extra-arg=$word"); done
fi
mapfile -t sources < <(find src -name '*.cc' | sort)
# One process a core; xargs goes on after a file with findings and fails at the end.
if printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p build/dev "${depth[@]}" 2>/dev/null; then
  echo "clang-tidy found nothing in ${#sources[@]} files"
else
  echo "lint: clang-tidy found something, see above" >&2
  exit 1
fi
