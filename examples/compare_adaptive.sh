#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains the perceptron and, where LibTorch was found, the residual network with one setting for all
# layers, with settings chosen layer by layer at the same error, and with one top-k over the model,
# and prints the Markdown table of docs/adaptive.md. Runs whose results are there are not repeated.
#
#   examples/compare_adaptive.sh [folder of the programs] [epochs] [seed]
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${1:-build/release/bin}
epochs=${2:-2}
seed=${3:-0}
out=build/compare_adaptive
[ -x "$bin/fashion_mnist" ] || { echo "compare_adaptive.sh: no fashion_mnist in $bin" >&2; exit 1; }

# Rates: docs/algorithms.md. The measured steps are the same in all adaptive(...), uniform included,
# which therefore tells the error that it makes.
runs() {
  cat <<'TABLE'
raw      none        0.1 0.9 0 tensor none
topk     uniform     0.8 0   3 tensor adaptive(topk(density=0.01),policy=uniform,every=100)
topk     lgreco      0.8 0   3 tensor adaptive(topk(density=0.01),policy=lgreco,every=100)
topk     global_topk 0.8 0   3 tensor adaptive(topk(density=0.01),policy=global_topk,every=100)
topk     half_error  0.8 0   3 tensor adaptive(topk(density=0.01),policy=lgreco(alpha=0.5),every=100)
topk     fewer       0.8 0   3 tensor topk(density=0.003)
topk     one_unit    0.8 0   3 model  topk(density=0.01)
lowrank  uniform     0.1 0.9 0 tensor adaptive(lowrank(rank=4),policy=uniform,every=100)
lowrank  lgreco      0.1 0.9 0 tensor adaptive(lowrank(rank=4),policy=lgreco,every=100)
lowrank  fewer       0.1 0.9 0 tensor lowrank(rank=2)
quantize uniform     0.1 0.9 0 tensor adaptive(quantize(bits=4),policy=uniform,every=100)
quantize lgreco      0.1 0.9 0 tensor adaptive(quantize(bits=4),policy=lgreco,every=100)
TABLE
}

mkdir -p $out
for model in fashion_mnist fashion_cnn; do
  [ -x "$bin/$model" ] || continue
  while read -r family setting lr momentum clip unit compressor; do
    json=$out/$model-$family-$setting-$seed.json
    [ -e "$json" ] || "$bin/$model" --local 2 --json "$json" --epochs "$epochs" --seed "$seed" \
      --lr "$lr" --momentum "$momentum" --clip "$clip" --unit "$unit" --compressor "$compressor" \
      </dev/null >>"$out/log" 2>&1 || echo "$model $family $setting failed: $out/log" >&2
  done < <(runs)
done
python3 examples/compare_adaptive.py $out "$seed"
