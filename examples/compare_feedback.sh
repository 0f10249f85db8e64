#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains with every feedback rule under top-k 1 %, on shards drawn at random and on shards sorted by
# label, and prints the Markdown table of docs/algorithms.md. Run examples/quickstart.sh once before:
# it builds the trainer.
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/quickstart/build/bin/fashion_mnist
out=build/compare_feedback
epochs=${1:-8}
[ -x $program ] || { echo "compare_feedback.sh: run examples/quickstart.sh first" >&2; exit 1; }
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Plain SGD after every rule; where the rates come from: docs/algorithms.md.
rules() {
  cat <<'TABLE'
none               0.4  0  topk(density=0.01)
ef14               0.8  3  topk(density=0.01)
ef21               0.1  0  topk(density=0.01)
ef21_sgdm(eta=0.1) 0.5  0  topk(density=0.01)
econtrol           0.2  0  topk(density=0.01)
TABLE
}

train() {  # split feedback lr clip momentum compressor
  local json=$out/$1-$2.json
  mpirun -np 4 $program --json "$json" --split "$1" --feedback "$2" --lr "$3" --clip "$4" \
    --momentum "$5" --compressor "$6" --epochs "$epochs" --batch 256 </dev/null >"$out/log" 2>&1
  python3 -c "import json, sys; print('%.4f' % json.load(open(sys.argv[1]))['test_accuracy'])" "$json"
}

mkdir -p $out
echo "| feedback | learning rate | clip | random shards | sorted by label |"
echo "|---|---|---|---|---|"
echo "| raw fp32, momentum 0.9 | 0.1 | - |" \
  "$(train random none 0.1 0 0.9 none) | $(train sorted none 0.1 0 0.9 none) |"
while read -r feedback lr clip compressor; do
  echo "| $feedback | $lr | $clip |" \
    "$(train random "$feedback" "$lr" "$clip" 0 "$compressor") |" \
    "$(train sorted "$feedback" "$lr" "$clip" 0 "$compressor") |"
done < <(rules)
