#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Draws the pictures of docs/algorithms.md: examples/convergence_lab.sh FOLDER [PROGRAM], with
# mushrooms.libsvm and phishing.libsvm in FOLDER (from the LIBSVM collection of data sets). Build the
# program before: cmake --build --preset release --target convergence_lab.
set -euo pipefail
data=$(cd "${1:?give the folder of mushrooms.libsvm and phishing.libsvm}" && pwd)
cd "$(dirname "$0")/.."
program=${2:-build/release/bin/convergence_lab}
[ -x "$program" ] || { echo "convergence_lab.sh: build $program first" >&2; exit 1; }

draw() {  # data set, factor of the steps of theory
  PITH_DEBUG=NONE "$program" --clients 20 --rounds 1000 --split sorted --data "$data/$1.libsvm" \
    --method gd \
    --method "ef14 topk(k=1) factor=$2" \
    --method "ef21 topk(k=1) first=dense factor=$2" \
    --method "ef21 topk(k=1) first=dense step=am factor=$2" \
    --method "econtrol topk(k=1) first=dense factor=$2" \
    --svg "docs/convergence_$1.svg"
}

draw mushrooms 256
draw phishing 16
