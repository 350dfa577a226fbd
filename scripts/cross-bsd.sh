#!/usr/bin/env bash
# As cross-macos.sh, for FreeBSD, NetBSD and OpenBSD on x86-64.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. scripts/lib.sh
. scripts/cross.sh

if prepare_cross; then
  cross 'FreeBSD x86-64' elf x86_64-freebsd freebsd x86_64 x86_64
  # Of 11, since the package's list of what the C library of 10 has lacks the kevent that its headers
  # name (__kevent100).
  cross 'NetBSD x86-64' elf x86_64-netbsd.11.0 netbsd x86_64 x86_64
  cross 'OpenBSD x86-64' elf x86_64-openbsd openbsd x86_64 x86_64
else
  echo "the package ziglang cannot be had here"
  skipped=3
fi
end_cross
