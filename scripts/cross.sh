# Sourced by cross-macos.sh and cross-bsd.sh: builds and links everything for systems that cannot be
# run here, with the compiler and the system headers of the package `ziglang`.
# shellcheck shell=bash

# Newer ones carry more systems: FreeBSD, NetBSD and OpenBSD since 0.16.
ziglang=0.17.1
crossed=build-cross
linked=0 failed=0 skipped=0

# Everything that does not depend on the target. 1 if the package cannot be had.
prepare_cross() {
  need meson ninja pkg-config catch2 cli11 python3 venv
  mkdir -p "$crossed/include"
  if [[ ! -x $crossed/venv/bin/python ]]; then
    python3 -m venv "$crossed/venv" || return 1
  fi
  "$crossed/venv/bin/pip" install --quiet "ziglang==$ziglang" || return 1

  # Never all of /usr/include: it has the headers of this system.
  ln -sfn /usr/include/catch2 "$crossed/include/catch2"
  ln -sfn /usr/include/CLI "$crossed/include/CLI"
  for package in catch2 CLI11; do
    printf 'Name: %s\nDescription: headers\nVersion: %s\nCflags: -I%s\n' "$package" \
      "$(pkg-config --modversion "$package")" "$PWD/$crossed/include" >"$crossed/$package.pc"
  done
}

# write_cross TARGET SYSTEM FAMILY CPU: the compiler as Meson can use it, and Meson's cross file.
write_cross() {
  local target=$1 system=$2 family=$3 cpu=$4 zig="'$PWD/$crossed/venv/bin/python' -m ziglang"
  # Meson 1.0.1 does not know this linker: it is told that it is LLD, and of the one argument that
  # it then gives without asking, which Apple's alone has.
  cat >"$crossed/$target-c++" <<WRAPPER
#!/usr/bin/env bash
arguments=()
for argument in "\$@"; do
  case \$argument in
  -Wl,--version)
    echo 'LLD (compatible with GNU linkers)'
    exit 0
    ;;
  -Wl,-no_weak_imports) ;;
  *) arguments+=("\$argument") ;;
  esac
done
exec $zig c++ -target $target -g0 -fno-sanitize=undefined "\${arguments[@]}"
WRAPPER
  printf '#!/usr/bin/env bash\nexec %s ar "$@"\n' "$zig" >"$crossed/$target-ar"
  chmod +x "$crossed/$target-c++" "$crossed/$target-ar"
  cat >"$crossed/$target.ini" <<CROSS
[binaries]
cpp = '$PWD/$crossed/$target-c++'
ar = '$PWD/$crossed/$target-ar'
pkgconfig = 'pkg-config'

[properties]
needs_exe_wrapper = true
pkg_config_libdir = '$PWD/$crossed'

[host_machine]
system = '$system'
cpu_family = '$family'
cpu = '$cpu'
endian = 'little'
CROSS
}

# cross NAME FORMAT TARGET SYSTEM FAMILY CPU: builds and links, and looks whether programs of that
# FORMAT, mach-o or elf, came out.
cross() {
  local name=$1 format=$2 target=$3 dir=$crossed/$3 log=$crossed/$3.log program programs
  shift 2
  write_cross "$@"
  if ! { configure "$dir" --cross-file "$crossed/$target.ini" --werror -Dbuildtype=plain \
    -Ddefault_library=static -Dtests=enabled -Dexamples=enabled && ninja -C "$dir" -k 0 -j "$(nproc)"; } \
    >"$log" 2>&1; then
    grep -E 'error|undefined|ERROR' "$log" | head -n 30
    tail -n 5 "$log"
    echo "$name: not linked, see $log"
    failed=$((failed + 1))
    return
  fi
  programs=("$dir"/examples/tcp_echo "$dir"/examples/delayed_requests
    "$dir"/tests/contract/contract_tests "$dir"/tests/net/net_tests "$dir"/tests/unit/kqueue_tests)
  for program in "${programs[@]}"; do
    if ! python3 - "$program" "$format" <<'CHECK'; then
import sys
magic = {"mach-o": b"\xcf\xfa\xed\xfe", "elf": b"\x7fELF"}[sys.argv[2]]
with open(sys.argv[1], "rb") as program:
    sys.exit(program.read(4) != magic)
CHECK
      echo "$name: $program is no program of it"
      failed=$((failed + 1))
      return
    fi
  done
  echo "$name: linked (library, tests, examples), compile-only"
  linked=$((linked + 1))
}

# The closing line of a check; 77, a skip, if nothing could be tried.
end_cross() {
  echo "$linked passed, $failed failed, $skipped skipped"
  [[ $failed = 0 ]] || exit 1
  [[ $linked != 0 ]] || exit 77
}
