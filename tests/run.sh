#!/usr/bin/env bash
# Installs what is missing, builds Pith and tests it. Every way of building that is promised is
# tried; CMakePresets.json says what each preset is for.
#
#   release  GCC, optimised; all tests, and the rules of the tree, its format, the self-check of the
#            headers and a project that uses the installed package
#   clang    Clang, library shared; all tests under the address and undefined-behaviour sanitizers
#   tsan     no MPI; the tests of threads under the thread sanitizer
#
# Usage: tests/run.sh [--quick | --tidy]
#   --quick  only `release`
#   --tidy   only clang-tidy, over the library
#
# The last line counts tests over all presets; a preset that does not build counts as one failure.
set -u
cd "$(dirname "$0")/.."

passed=0
failed=0
logs=build/logs

# run NAME COMMAND...: what the command prints is shown only if it fails.
run() {
  local log=$logs/$1.log start=$SECONDS
  shift
  if "$@" >"$log" 2>&1; then
    echo "$(basename "$log" .log): $((SECONDS - start)) s"
  else
    echo "$(basename "$log" .log): FAILED after $((SECONDS - start)) s: $*"
    tail -n 60 "$log"
    return 1
  fi
}

# build PRESET [TARGET]
build() {
  run "configure-$1" cmake --preset "$1" && run "build-$1" cmake --build --preset "$1" --target "${2:-all}"
}

# count LOG: adds the numbers of CTest's last line.
count() {
  local numbers
  numbers=$(sed -n 's/.*tests passed, \([0-9]*\) tests* failed out of \([0-9]*\)$/\1 \2/p' "$1")
  # shellcheck disable=SC2086  # two words
  set -- ${numbers:-1 1}
  failed=$((failed + $1))
  passed=$((passed + $2 - $1))
}

# check PRESET TARGET [CTEST OPTION...]: builds and tests.
check() {
  local preset=$1 target=$2 start=$SECONDS
  shift 2
  if build "$preset" "$target"; then
    # Some kernels spread addresses wider than the sanitizers of these compilers expect.
    ${fixed_addresses} ctest --preset "$preset" -j "$(nproc)" "$@" | tee "$logs/test-$preset.log"
    count "$logs/test-$preset.log"
  else
    failed=$((failed + 1))
  fi
  echo "== $preset: $((SECONDS - start)) s in all"
}

tidy() {
  build release && run-clang-tidy-14 -quiet -p build/release '/(lib|compressors|collectives)/.*\.cc$'
}

mkdir -p "$logs"
cmake/install_dependencies.sh tests || exit 1
fixed_addresses=$(setarch -R true 2>/dev/null && echo setarch -R)

case "${1:-}" in
  --tidy) tidy; exit ;;
  --quick) check release all ;;
  "")
    check release all
    check clang all
    check tsan tests_threads -L '^threads$'
    ;;
  *) echo "run.sh: unknown option $1; known: --quick, --tidy" >&2; exit 64 ;;
esac
echo "all in $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
