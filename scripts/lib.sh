# Sourced by the other scripts: finds what they need and installs what is missing.
# shellcheck shell=bash

compiler=${CXX:-c++}

die() {
  echo "error: $*" >&2
  exit 1
}

has_header() {
  local folder
  for folder in /usr/include /usr/local/include /opt/homebrew/include; do
    [[ ! -e $folder/$1 ]] || return 0
  done
  # shellcheck disable=SC2086  # CXX may be a command with arguments
  echo "#include <$1>" | $compiler -x c++ -E - >/dev/null 2>&1
}

has() {
  case $1 in
  c++) command -v "${compiler%% *}" >/dev/null ;;
  catch2) has_header catch2/catch.hpp || has_header catch2/catch_test_macros.hpp ;;
  cli11) has_header CLI/CLI.hpp ;;
  liburing) has_header liburing.h ;;
  json) has_header nlohmann/json.hpp ;;
  libuv) has_header uv.h ;;
  libevent) has_header event2/event.h ;;
  libev) has_header ev.h ;;
  asio) has_header asio.hpp ;;
  venv) python3 -c 'import ensurepip' 2>/dev/null ;;
  mingw-w64) command -v x86_64-w64-mingw32-g++-posix >/dev/null ;;
  wine64) [[ -x /usr/lib/wine/wine64 ]] || command -v wine64 >/dev/null ;;
  tsan) compgen -G '/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.tsan*' >/dev/null ;;
  certificates) [[ -e /etc/ssl/certs/ca-certificates.crt ]] ;;
  *) command -v "$1" >/dev/null ;;
  esac
}

# What apt-get calls it.
apt_name() {
  case $1 in
  c++)
    case ${compiler##*/} in
    clang++*) echo "clang${compiler##*clang++}" ;;
    g++-*) echo "${compiler##*/}" ;;
    *) echo g++ ;;
    esac
    ;;
  ninja) echo ninja-build ;;
  cli11) echo libcli11-dev ;;
  liburing) echo liburing-dev ;;
  json) echo nlohmann-json3-dev ;;
  libuv) echo libuv1-dev ;;
  libevent) echo libevent-dev ;;
  libev) echo libev-dev ;;
  asio) echo libasio-dev ;;
  venv) echo python3-venv ;;
  mingw-w64) echo g++-mingw-w64-x86-64-posix ;;
  tsan) echo libclang-rt-19-dev ;;
  certificates) echo ca-certificates ;;
  clang++-19) echo clang-19 ;;
  run-clang-tidy-19) echo clang-tidy-19 ;;
  *) echo "$1" ;;
  esac
}

# What Homebrew calls it. The compiler is Apple's: xcode-select --install.
brew_name() {
  case $1 in
  json) echo nlohmann-json ;;
  pkg-config) echo pkgconf ;;
  python3) echo python ;;
  *) echo "$1" ;;
  esac
}

# need THING...: each is there when this returns.
need() {
  local manager=none thing as_root=() missing=()
  if command -v apt-get >/dev/null; then
    manager=apt
  elif command -v brew >/dev/null; then
    manager=brew
  fi
  for thing in "$@"; do
    if has "$thing"; then
      continue
    elif [[ $manager = brew ]]; then
      missing+=("$(brew_name "$thing")")
    else
      missing+=("$(apt_name "$thing")")
    fi
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  if [[ $manager = none ]]; then
    die "missing: ${missing[*]} (these are Debian's names; install them and try again)"
  elif [[ $manager = brew ]]; then
    echo "installing: ${missing[*]}"
    brew install --quiet "${missing[@]}"
    return
  fi
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || die "missing, and not root: apt-get install ${missing[*]}"
    as_root=(sudo -n)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure DIR [ARGUMENT...]: meson setup, also of a folder that exists.
configure() {
  local dir=$1
  shift
  if [[ -e $dir/build.ninja ]]; then
    meson setup --reconfigure "$dir" "$@"
  else
    meson setup "$dir" "$@"
  fi
}
