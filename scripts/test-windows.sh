#!/usr/bin/env bash
# Builds for Windows with mingw-w64 and runs the tests and the demo under Wine; installs what is
# missing (Debian and Ubuntu). Ends with `N passed, N failed, N skipped`.
#
#   scripts/test-windows.sh [-B DIR] [-- ARGUMENT...]
#
#   -B DIR     build folder (default: build-windows); Wine's own is in it, made anew each time
#   --         what follows is for `meson setup`
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

build="build-windows"
while getopts B: option; do
  case $option in
  B) build=$OPTARG ;;
  *) die "usage: scripts/test-windows.sh [-B DIR] [-- ARGUMENT...]" ;;
  esac
done
shift $((OPTIND - 1))

need mingw-w64 wine64 wine meson ninja catch2 cli11 python3
[[ -e /usr/include/catch2/catch.hpp ]] || die "Catch2 3 is a library: here only Catch2 2, which is a header, will do"

# Headers that are the same on every system, and nothing else of /usr/include.
mkdir -p "$build/include"
ln -sfn /usr/include/catch2 "$build/include/catch2"
ln -sfn /usr/include/CLI "$build/include/CLI"
cat >"$build/headers.ini" <<END
[built-in options]
cpp_args = ['-isystem', '$PWD/$build/include']
END

export WINEPREFIX=$PWD/$build/wine WINEDEBUG=-all
stop_wine() {
  wineserver -k || true
  wineserver -w || true
}
stop_wine
rm -rf "$WINEPREFIX"
trap 'stop_wine; echo "0 passed, 1 failed, 0 skipped"' EXIT
configure "$build" --cross-file cross/mingw-w64.ini --cross-file "$build/headers.ini" \
  -Dtests=enabled -Dexamples=enabled -Ddefault_library=static "$@"
meson compile -C "$build"

# Away from the pipes of whoever called: what Wine starts here outlives the call that starts it.
mkdir -p "$WINEPREFIX"
wineserver -p </dev/null &>"$build/wine.log"
wine wineboot -i </dev/null &>>"$build/wine.log"
trap stop_wine EXIT

# One by one, as Wine's server serves them all. What must not compile is the same for every system.
run_tests() {
  meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 3 --num-processes 1 \
    --no-suite compile_fail "$@"
}

rm -f "$build"/meson-logs/*.json
status=0
run_tests --no-suite examples || status=$?
# Wine's consoles are not reliable: one in some fifty that a program is started in cannot be had, does
# not pass Ctrl-C on, or ends with everything in it. What is wrong with the program fails each time.
for attempt in 1 2 3; do
  of_examples=0
  run_tests --suite examples --logbase examples || of_examples=$?
  [[ $of_examples != 0 ]] || break
  echo "the examples failed in attempt $attempt of 3"
  wineserver -k || true
  wineserver -p </dev/null &>>"$build/wine.log"
done
[[ $of_examples = 0 ]] || status=$of_examples
cat "$build/meson-logs/examples.json" >>"$build/meson-logs/testlog.json"
wineserver -k0 || echo "error: Wine's server has ended, and with it what ran then" >&2
python3 scripts/count_tests.py "$build" --strict || status=$?
exit "$status"
