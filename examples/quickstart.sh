#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, trains the same model with nine ways to send its gradients, and
# shows what each costs and reaches: a table here, build/quickstart/summary.json and report.html.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
examples/quickstart.sh [options]
  --seeds N     train each run with N seeds and average (1)
  --epochs N    passes over the training samples (8)
  --ranks N     data-parallel ranks (4)
  --data DIR    folder of the Fashion-MNIST files (that of Debian's dataset-fashion-mnist)
  --local       ranks as threads instead of mpirun
TEXT
}

# What follows each run's name: see fashion_mnist --help. Sparse runs take plain SGD, since a
# residual delays gradients and momentum on top of delay overshoots; they clip instead. Below 1 %,
# the model is one unit, since biases sent whole would outweigh all else; and the first quarter of
# an epoch, 58 steps, sends 1 %: those steps decide where training ends, and the ratio counts them.
runs() {
  cat <<'TABLE'
# name           momentum  lr   clip  unit    exchange  feedback  compressor
raw              0.9       0.1  0     tensor  natural   none      none
fp16             0.9       0.1  0     tensor  natural   none      cast(fp16)
onebit           0         0.8  0     tensor  sharded   ef14      onebit
lowrank          0.9       0.1  0     tensor  natural   ef14      lowrank(rank=4)
topk_1           0         0.8  3     tensor  natural   ef14      topk(density=0.01,values=bf16)
topk_01          0         0.8  3     model   natural   ef14      topk(density=0.01,values=bf16)@58,topk(density=0.001,values=bf16)
topk_005         0         0.8  3     model   natural   ef14      topk(density=0.01,values=2bit)@58,topk(density=0.0005,values=2bit)
randomk          0         0.1  0     tensor  natural   ef14      randomk(density=0.01)
topk_01_bare     0         0.8  3     model   natural   none      topk(density=0.01,values=bf16)@58,topk(density=0.001,values=bf16)
TABLE
}

seeds=1 epochs=8 ranks=4 data=/usr/share/datasets/fashion-mnist local=no
while [ $# -gt 0 ]; do
  case "$1" in
    --seeds | --epochs | --ranks | --data)
      [ $# -ge 2 ] || { echo "quickstart.sh: $1 needs a value" >&2; exit 64; }
      printf -v "${1#--}" '%s' "$2"
      shift ;;
    --local) local=yes ;;
    --help) usage; exit 0 ;;
    *) echo "quickstart.sh: unknown option $1" >&2; usage >&2; exit 64 ;;
  esac
  shift
done
for option in seeds epochs ranks; do
  [[ ${!option} =~ ^[1-9][0-9]*$ ]] ||
    { echo "quickstart.sh: --$option ${!option}: expected a whole number from 1" >&2; exit 64; }
done

out=build/quickstart
program=$out/build/bin/fashion_mnist

build() {
  cmake/install_dependencies.sh quickstart
  mkdir -p $out
  if ! { cmake --preset release -B $out/build -DPITH_TESTS=OFF -DPITH_TOOLS=OFF &&
         cmake --build $out/build; } >$out/build.log 2>&1; then
    tail -n 40 $out/build.log >&2
    echo "quickstart.sh: the build failed, all of it is in $out/build.log" >&2
    exit 1
  fi
}

launch() {
  if [ $local = yes ]; then
    "$program" --local "$ranks" "$@"
  else
    mpirun -np "$ranks" "$program" "$@" </dev/null
  fi
}

train() {  # name seed momentum lr clip unit exchange feedback compressor
  launch --json "$out/runs/$1-$2.json" --seed "$2" --momentum "$3" --lr "$4" --clip "$5" \
    --unit "$6" --exchange "$7" --feedback "$8" --compressor "$9" \
    --epochs "$epochs" --batch $((64 * ranks)) --data "$data"
}

# More ranks than cores is the normal case here, and containers run as root.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

echo "Building (log: $out/build.log)"
build
rm -rf $out/runs
mkdir -p $out/runs
results=()
while read -r name momentum lr clip unit exchange feedback compressor; do
  [ "$name" = "#" ] && continue
  for ((seed = 0; seed < seeds; ++seed)); do
    echo "== $compressor, feedback $feedback, seed $seed"
    train "$name" "$seed" "$momentum" "$lr" "$clip" "$unit" "$exchange" "$feedback" "$compressor"
    results+=("$out/runs/$name-$seed.json")
  done
done < <(runs)
tools/pith-report --summary $out/summary.json --html $out/report.html "${results[@]}"
echo "Details: $out/summary.json, picture: $out/report.html ($SECONDS s in all)"
