#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that needs a GPU, on the machine's own: builds Pith from a fresh copy of this tree for
# the devices that are there, runs the tests with label gpu (over NCCL as many ranks as there are
# GPUs), compute-sanitizer where it is installed, and the benchmarks. A short table comes last.
#
# Usage: tests/gpu/run.sh [--build-only]
#   --build-only  where there is no GPU: builds it all for one architecture, and runs nothing
#
# PITH_GPU_OUT (build/gpu-results): where logs and the benchmark's JSON go.
# PITH_GPU_BYTES (1G): the benchmark's largest tensor. SKIP_INSTALL=1 takes everything for present.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${PITH_GPU_OUT:-$PWD/build/gpu-results}
bytes=${PITH_GPU_BYTES:-1G}
mkdir -p "$out"
cmake/install_dependencies.sh tests || exit 1

gpus=0
command -v nvidia-smi >/dev/null && gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU')
if [ "$gpus" -eq 0 ] && [ "${1-}" != --build-only ]; then
  echo "no GPU is found (nvidia-smi lists none); --build-only builds for one"
  exit 1
fi

# The architectures of the devices, without which nvcc would build for all that Pith knows.
architectures() {
  local all
  all=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | tr -d . | sort -u | paste -sd ';')
  echo "${CUDAARCHS:-${all:-90}}"
}

fresh=$(mktemp -d) || exit 1
trap 'rm -rf "$fresh"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$fresh" || exit 1
cd "$fresh" || exit 1

failed=0
# step NAME COMMAND...: its output goes to a log; the end of it is shown if it fails.
step() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >"$out/$name.log" 2>&1; then
    printf '%-12s %4d s\n' "$name" $((SECONDS - start))
  else
    printf '%-12s %4d s FAILED: %s\n' "$name" $((SECONDS - start)) "$*"
    tail -n 60 "$out/$name.log"
    failed=$((failed + 1))
    return 1
  fi
}

export CUDAARCHS
CUDAARCHS=$(architectures)
step configure cmake --preset cuda || exit 1
step build cmake --build --preset cuda || exit 1
[ "${1-}" = --build-only ] && exit 0

bin=$fresh/build/cuda/bin
step tests ctest --preset cuda -L gpu --no-tests=error
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    for test in "$bin"/*_gpu_test; do
      step "$tool-$(basename "$test")" compute-sanitizer --tool "$tool" --error-exitcode 1 \
        "$test" --gtest_brief=1 --gtest_filter='-*MoreThanAGrid*:*TakesLarge*'
    done
  done
else
  echo "compute-sanitizer: not found, left out"
fi

bench() {
  local name=$1
  shift
  rm -f "$out/$name.json"
  step "$name" "$bin/pith-bench" codec --device -n 20 -J "$out/$name.json" "$@"
}
bench large -b "$bytes" --compressor onebit --compressor 'quantize(bits=4)' \
  --compressor 'topk(density=0.01)' --compressor 'topk(density=0.001)' \
  --compressor 'randomk(density=0.01)'
bench small -b 256K --compressor onebit --compressor 'quantize(bits=4)' \
  --compressor 'topk(density=0.01)' --compressor 'randomk(density=0.01)'
bench lowrank --shape 8192x8192 --compressor 'lowrank(rank=4)'

python3 tests/gpu/table.py "$out/large.json" "$out/lowrank.json" "$out/small.json"
grep -hE 'tests passed|tests failed' "$out/tests.log"
[ "$failed" -eq 0 ]
