#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Adds to tests/fuzz/seeds what is new among valid messages of every spec:
#   cmake --preset fuzz && cmake --build --preset fuzz && tests/fuzz/write_seeds.sh [TARGET...]
# It never removes a seed: those of crashes lie there too. After a change of the wire format, remove
# the folder first.
set -eu
cd "$(dirname "$0")/../.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
[ $# -gt 0 ] || set -- $(basename -a build/fuzz/bin/fuzz_* | sed 's/^fuzz_//; /^all_codecs$/d')

for name in "$@"; do
  mkdir -p "$fresh/$name" "tests/fuzz/seeds/$name"
  "build/fuzz/bin/fuzz_$name" --write-seeds "$fresh/$name"
  "build/fuzz/bin/fuzz_$name" -merge=1 "tests/fuzz/seeds/$name" "$fresh/$name" 2>/dev/null
  echo "$name: $(ls "tests/fuzz/seeds/$name" | wc -l) of $(ls "$fresh/$name" | wc -l)"
done
