#!/usr/bin/env bash
# Builds and runs all tests; installs what is missing. Ends with `N passed, N failed, N skipped`.
#
#   scripts/test.sh [-B DIR] [-x SUITE]... [-- ARGUMENT...]
#
#   -B DIR     build folder (default: build)
#   -x SUITE   leave out this suite, such as cost or install
#   --         what follows is for `meson setup`: -- -Db_sanitize=thread
#   CXX        in the environment: the compiler of a new build folder
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

build=build
without=()
while getopts B:x: option; do
  case $option in
  B) build=$OPTARG ;;
  x) without+=(--no-suite "$OPTARG") ;;
  *) die "usage: scripts/test.sh [-B DIR] [-x SUITE]... [-- ARGUMENT...]" ;;
  esac
done
shift $((OPTIND - 1))

need c++ meson ninja pkg-config catch2 cli11 curl python3 cmake
if [[ $(uname) = Linux ]]; then
  need valgrind strace liburing
fi

trap 'echo "0 passed, 1 failed, 0 skipped"' EXIT
configure "$build" -Dtests=enabled -Dexamples=enabled "$@"
meson compile -C "$build"
trap - EXIT

rm -f "$build/meson-logs/testlog.json"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs ${without[@]+"${without[@]}"} || status=$?
python3 scripts/count_tests.py "$build" || status=$?
exit "$status"
