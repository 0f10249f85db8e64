#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains with sharded parameters and optimizer, gradients and parameters compressed in several ways, and
# prints the Markdown table of docs/algorithms.md. Run examples/quickstart.sh once before: it builds the
# trainer.
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/quickstart/build/bin/sharded_optimizer
epochs=${1:-8}
[ -x $program ] || { echo "compare_sharded.sh: run examples/quickstart.sh first" >&2; exit 1; }
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Gradients under ef14, parameters under ef21; sparse and 1-bit gradients with plain SGD.
runs() {
  cat <<'TABLE'
none               none                       0.9 0.1
quantize(bits=4)   none@1,quantize(bits=4)    0.9 0.1
onebit             none@1,quantize(bits=8)    0   0.8
onebit             none@1,onebit              0   0.8
topk(density=0.01) none@1,topk(density=0.01)  0   0.4
TABLE
}

train() {  # gradients parameters momentum lr; prints accuracy, and kB and ratio of both
  mpirun -np 4 $program --gradients "$1" --parameters "$2" --momentum "$3" --lr "$4" \
    --epochs "$epochs" --batch 256 </dev/null | tail -n 1 | grep -oE '[0-9]+\.[0-9]+' | xargs
}

echo "| gradients | parameters | momentum | learning rate | accuracy | gradients, kB | parameters, kB |"
echo "|---|---|---|---|---|---|---|"
while read -r gradients parameters momentum lr; do
  read -r accuracy sent less returned less_back _ \
    <<<"$(train "$gradients" "$parameters" "$momentum" "$lr")"
  echo "| \`$gradients\` | \`$parameters\` | $momentum | $lr | $accuracy |" \
    "$sent, 1/$less | $returned, 1/$less_back |"
done < <(runs)
