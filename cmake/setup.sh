# Sourced by ./quickstart and ./check: installs what is missing, and builds a preset.

# ocl-icd-opencl-dev: the CMake files of libdnnl-dev ask for OpenCL, which Debian only recommends.
build_packages="g++ cmake ninja-build pkg-config libdnnl-dev ocl-icd-opencl-dev libhwy-dev libjpeg62-turbo-dev libpng-dev libstb-dev
  nlohmann-json3-dev libcli11-dev catch2 libbenchmark-dev libboost-context-dev mate-backgrounds python3"
# python3-numpy, python3-pil: examples/robustness, examples/pairs and their tests.
check_packages="clang clang-format clang-tidy libclang-rt-14-dev libomp-14-dev python3-numpy python3-pil"

# The Debian packages, in a bare system.
full_packages="dpkg-dev file lintian debootstrap"

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
step() { printf '\n== %s\n' "$*"; }

# install_packages NAME...: by apt-get as root (or by sudo without a password); elsewhere names them and stops.
install_packages() {
  local name missing=()
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local run=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || die "please install: ${missing[*]}"
    run=(sudo -n)
  fi
  command -v apt-get >/dev/null || die "please install: ${missing[*]}"
  step "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { "${run[@]}" apt-get update -qq && "${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null ||
    die "please install: ${missing[*]}"
}

# build PRESET [TARGET...]: configures where needed and builds.
build() {
  local preset=$1; shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" ${1:+--target "$@"} -- --quiet
}
