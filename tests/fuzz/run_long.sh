#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz targets for long, two at a time, and prints what came of each:
#   cmake --preset fuzz && cmake --build --preset fuzz
#   tests/fuzz/run_long.sh [TARGET...]          all of them without a name
# PITH_FUZZ_RUNS, 10 million by default, is how often each decodes. Logs: build/fuzz/fuzzed/NAME.log
set -u
cd "$(dirname "$0")/../.."
found=build/fuzz/fuzzed
mkdir -p "$found"
[ $# -gt 0 ] || set -- $(basename -a build/fuzz/bin/fuzz_* | sed 's/^fuzz_//; /^all_codecs$/d')

export found runs=${PITH_FUZZ_RUNS:-10000000}
run() {
  local log=$found/$1.log start=$SECONDS result=fine
  tests/fuzz/run_one.sh "build/fuzz/bin/fuzz_$1" "-runs=$runs" >"$log" 2>&1 || result=FINDING
  printf '%-16s %10s runs %6s/s %6s s  %s\n' "$1" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" $((SECONDS - start)) "$result"
  [ $result = fine ]
}
export -f run
printf '%s\n' "$@" | nice xargs -P 2 -I{} bash -c 'run {}'
