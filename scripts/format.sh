#!/usr/bin/env bash
# Formats the C++ sources in place; with --check changes nothing and fails if any file would change.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(-i)
[[ ${1:-} == --check ]] && mode=(--dry-run -Werror)
find src tests -name node_modules -prune -o -type f \( -name '*.cc' -o -name '*.h' \) -print0 |
  xargs -0 --no-run-if-empty clang-format-19 "${mode[@]}"
