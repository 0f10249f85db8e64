#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Markdown table of compare_adaptive.sh, of one seed: compare_adaptive.py FOLDER SEED

bytes      of one rank's own messages per step, everything included, as `ratio` counts them
layers     the part of them that is of compressed tensors
at first   uniform's bytes on the wire over those chosen, and error chosen over uniform's, of the
           first choice: until then all have trained alike, so both are of the same gradients
all errors of all choices, each on the residuals of its own run, over the sum of uniform's
loss       of the final model, on 20,000 training samples
"""
import json
import pathlib
import sys

MODELS = ("fashion_mnist", "fashion_cnn")
COLUMNS = ("model", "family", "setting", "bytes", "ratio", "layers", "bytes at first",
           "error at first", "all errors", "loss", "accuracy %", "to uniform")


def decisions(run):
    return run["adaptive"][0]["decisions"] if run and run["adaptive"] else []


def layer_bytes(run):
    steps = run["loss"][-1]["step"]
    return sum(unit["message_bytes"] for unit in run["units"] if not unit["why_dense"]) / steps


def total_error(run):
    return sum(decision["error"] for decision in decisions(run))


def against(uniform, run):
    """The four columns that compare with the uniform run."""
    chosen, standard = decisions(run), decisions(uniform)
    errors = ("-",) * 3
    if chosen and standard:
        errors = (f"1/{standard[0]['cost'] / chosen[0]['cost']:.2f}",
                  f"{chosen[0]['error'] / standard[0]['error']:.2f}",
                  f"{total_error(run) / total_error(uniform):.2f}")
    return errors, f"{100 * (run['test_accuracy'] - uniform['test_accuracy']):+.2f}"


def row(run, uniform):
    errors, difference = against(uniform, run) if uniform else (("-",) * 3, "-")
    return (f"{4 * run['parameters'] / run['ratio_fp32']:,.0f}", f"{run['ratio_fp32']:.1f}",
            f"{layer_bytes(run):,.0f}", *errors, f"{run['final_loss']:.3f}",
            f"{100 * run['test_accuracy']:.2f}", difference)


def results(folder, model, seed):
    """By family and setting, in the order in which they were written."""
    paths = sorted(folder.glob(f"{model}-*-*-{seed}.json"), key=lambda path: path.stat().st_mtime)
    return {tuple(path.stem.split("-")[1:3]): json.loads(path.read_text()) for path in paths}


def table(folder, seed):
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    for model in MODELS:
        runs = results(folder, model, seed)
        for family in ("raw", "topk", "lowrank", "quantize"):
            for (of, setting), run in runs.items():
                if of == family:
                    lines.append((model, family, setting, *row(run, runs.get((of, "uniform")))))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    print(table(pathlib.Path(sys.argv[1]), sys.argv[2]))
