#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds Pith in every way that is promised, and tests it:
#   release  GCC, optimised; all tests, and the rules of the tree, its format, headers that stand
#            alone, and a project that uses the installed package; where nvcc is found, all device
#            code is compiled and linked too
#   clang    Clang, a shared library; all tests under address and undefined-behaviour sanitizers
#   tsan     no MPI; the tests of threads under the thread sanitizer
#   fuzz     libFuzzer; every decoder is given whatever comes for PITH_FUZZ_SECONDS (5 by default)
#
# Usage: tests/run.sh [--all | --quick | --tidy]
#   --all    tests with the label slow too: of the hundreds of combinations that are exchanged, every
#            fifth stands for them otherwise, which has some of every kind (over MPI but for clip21)
#   --quick  only `release`
#   --tidy   only clang-tidy, over the library
#
# Logs are kept in build/logs. The last line counts tests over all presets; a preset that does not
# build counts as one failure.
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0

# step PRESET VERB COMMAND...: what the command prints is shown only if it fails.
step() {
  local log=build/logs/$1-$2.log start=$SECONDS
  printf ' %s' "$2"
  shift 2
  if "$@" >"$log" 2>&1; then
    printf ' %d s;' $((SECONDS - start))
  else
    printf ' FAILED after %d s: %s\n' $((SECONDS - start)) "$*"
    tail -n 200 "$log"
    return 1
  fi
}

build() {
  step "$1" configure cmake --preset "$1" && step "$1" build cmake --build --preset "$1" --target "$2"
}

# count LOG: adds the numbers of CTest's last line.
count() {
  local bad all
  read -r bad all < <(
    sed -n 's/.*tests passed, \([0-9]*\) tests* failed out of \([0-9]*\)$/\1 \2/p' "$1" | tail -n 1)
  : "${bad:=1}" "${all:=1}"
  failed=$((failed + bad)) passed=$((passed + all - bad))
  echo " $((all - bad)) passed, $bad failed"
}

# check PRESET TARGET [CTEST OPTION...]
check() {
  local preset=$1 target=$2
  shift 2
  printf '%-8s' "$preset:"
  build "$preset" "$target" || { failed=$((failed + 1)); return; }
  # Where addresses are spread wider than the sanitizers of these compilers expect, keep them still.
  step "$preset" test $(setarch -R true 2>/dev/null && echo setarch -R) \
    ctest --preset "$preset" -j "$(nproc)" "$@"
  count "build/logs/$preset-test.log"
}

# For devices one architecture is built here, which shows that all of it compiles and links; what
# needs a GPU is run by tests/gpu/run.sh.
export CUDAARCHS=${CUDAARCHS:-90}
representative=(-LE '^slow$')
cmake/install_dependencies.sh tests || exit 1
mkdir -p build/logs
case "${1-}" in
  --tidy)
    build release all && echo &&
      run-clang-tidy-14 -quiet -p build/release '/(lib|compressors|collectives)/.*\.cc$'
    exit ;;
  --quick) check release all "${representative[@]}" ;;
  --all | "")
    [ "${1-}" = --all ] && representative=()
    check release all "${representative[@]}"
    check clang all "${representative[@]}"
    check tsan tests_threads -L '^threads$'
    check fuzz all ;;
  *) echo "run.sh: unknown option $1; known: --all, --quick, --tidy" >&2; exit 64 ;;
esac
echo "all in $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
