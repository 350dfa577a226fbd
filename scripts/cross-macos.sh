#!/usr/bin/env bash
# Builds and links the library, the tests and the examples for macOS, on x86-64 and arm64; runs
# nothing. Installs what is missing, the compiler into build-cross. Ends with
# `N passed, N failed, N skipped`, each a system.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. scripts/lib.sh
. scripts/cross.sh

if prepare_cross; then
  cross 'macOS x86-64' mach-o x86_64-macos darwin x86_64 x86_64
  cross 'macOS arm64' mach-o aarch64-macos darwin aarch64 aarch64
else
  echo "the package ziglang cannot be had here"
  skipped=2
fi
end_cross
