#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzz target, from its seeds and what earlier runs have found:
#   tests/fuzz/run_one.sh build/fuzz/bin/fuzz_levels [LIBFUZZER OPTION...]
# Without options for PITH_FUZZ_SECONDS, or 5 seconds.
#
# What it finds is put into the build folder's `fuzzed`: NAME/ holds inputs that reach something
# new, and NAME-crash-... is an input with a finding, for which the status is not 0.
set -eu
binary=$1 name=${1##*/fuzz_}
shift
seeds=$(dirname "$0")/seeds/$name
found=$(dirname "$binary")/../fuzzed
mkdir -p "$found/$name"
[ $# -gt 0 ] || set -- "-max_total_time=${PITH_FUZZ_SECONDS:-5}"

# Memory that was freed is kept for a while, but not so much of it that new pages take the time.
export ASAN_OPTIONS=quarantine_size_mb=16:malloc_context_size=8:${ASAN_OPTIONS-}
# A limit per allocation, since what is only announced must not take memory.
exec "$binary" -max_len=4096 -malloc_limit_mb=8 -timeout=10 -print_final_stats=1 \
  -artifact_prefix="$found/$name-" "$@" "$found/$name" "$seeds"
