#!/usr/bin/env bash
# Builds and runs the demo, five requests with falling delays; installs what is missing.
#
#   scripts/demo.sh [ARGUMENT...]    arguments are the demo's own: --help
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

need c++ meson ninja cli11
build="build-demo"
[[ -e $build/build.ninja ]] || configure "$build" -Dexamples=enabled -Dtests=disabled >/dev/null
meson compile -C "$build" examples/delayed_requests
exec "$build/examples/delayed_requests" "$@"
