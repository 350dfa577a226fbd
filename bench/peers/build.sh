#!/bin/sh
# For Meson: builds the peers as a static library.
#
#   build.sh CARGO MANIFEST FOLDER OUTPUT
set -eu
"$1" build --quiet --release --locked --manifest-path "$2" --target-dir "$3"
cp "$3/release/libevq_bench_peers.a" "$4"
