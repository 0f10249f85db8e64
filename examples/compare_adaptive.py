#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Markdown table of compare_adaptive.sh: compare_adaptive.py FOLDER SEED...

bytes          of one rank's own messages per step, everything included; mean over the seeds
compressed     the part of them that is of compressed tensors
first choice   uniform's bytes on the wire over those chosen, as the policy saw both: on the same
               gradients, as until then all have trained alike
error          of all choices, as measured, over uniform's: at the first, and summed over all
"""
import json
import pathlib
import statistics
import sys

MODELS = ("fashion_mnist", "fashion_cnn")


def decisions(run):
    return run["adaptive"][0]["decisions"] if run["adaptive"] else []


def compressed_bytes(run):
    """Of the compressed tensors' messages, per step."""
    steps = run["loss"][-1]["step"]
    return sum(unit["message_bytes"] for unit in run["units"] if not unit["why_dense"]) / steps


def total_error(run):
    return sum(decision["error"] for decision in decisions(run))


def against_uniform(run, uniform):
    """Uniform's cost over the run's at the first choice, and the run's errors over uniform's."""
    if not decisions(run) or not decisions(uniform):
        return ("-", "-", "-")
    first, standard = decisions(run)[0], decisions(uniform)[0]
    return (f"{standard['cost'] / first['cost']:.2f}", f"{first['error'] / standard['error']:.2f}",
            f"{total_error(run) / total_error(uniform):.2f}")


def row(model, family, setting, runs, uniforms):
    mean = lambda value: statistics.fmean(value(run) for run in runs)
    accuracy = 100 * mean(lambda run: run["test_accuracy"])
    difference = "-"
    if uniforms:
        difference = f"{accuracy - 100 * statistics.fmean(u['test_accuracy'] for u in uniforms):+.2f}"
    compared = against_uniform(runs[0], uniforms[0]) if uniforms else ("-", "-", "-")
    cells = (model, family, setting, f"{mean(lambda run: 4 * run['parameters'] / run['ratio_fp32']):,.0f}",
             f"{mean(lambda run: run['ratio_fp32']):.1f}", f"{mean(compressed_bytes):,.0f}", *compared,
             f"{mean(lambda run: run['final_loss']):.3f}", f"{accuracy:.2f}", difference)
    print("| " + " | ".join(cells) + " |")


def table(folder, seeds):
    print("| model | family | setting | bytes | ratio | compressed | first choice | error | of all |"
          " loss | accuracy % | to uniform |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for model in MODELS:
        found = {}
        for path in sorted(folder.glob(f"{model}-*-*.json")):
            _, family, setting, seed = path.stem.split("-")
            if seed in seeds:
                found.setdefault((family, setting), []).append(json.loads(path.read_text()))
        for (family, setting), runs in sorted(found.items()):
            row(model, family, setting, runs, found.get((family, "uniform"), []))


if __name__ == "__main__":
    table(pathlib.Path(sys.argv[1]), sys.argv[2:])
