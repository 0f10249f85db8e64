#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what `pith-bench codec --device -J FILE` wrote as one table.

Usage: table.py FILE...
"""

import json
import pathlib
import sys

# What the project set out for, on an H200: encode with EF14, decode of 4 ranks, of a copy's time.
GOALS = {"onebit": ("1.9", ""), "quantize(bits=4)": ("2.0", ""), "topk(density=0.01)": ("2.5", "0.7"),
         "topk(density=0.001)": ("2.2", ""), "randomk(density=0.01)": ("1.8", ""),
         "lowrank(rank=4)": ("4.5", "")}
HEAD = ("| compressor | floats | encode, of a copy (goal) | decode, of a copy (goal) | ratio | graph (us) "
        "| wrong |\n|---|---|---|---|---|---|---|")


def line(result):
    graph = result["graph_us"]
    encode, decode = (f" ({goal})" if goal else "" for goal in GOALS.get(result["compressor"], ("", "")))
    cells = (f"`{result['compressor']}`", f"{result['count']:,}",
             f"{result['encode_of_copy']:.2f}{encode}", f"{result['decode_of_copy']:.2f}{decode}",
             f"{result['ratio']:.1f}",
             "" if graph is None else f"{graph:.1f}", str(result["nwrong"]))
    return "| " + " | ".join(cells) + " |"


def main(paths):
    files = [json.loads(path.read_text()) for path in map(pathlib.Path, paths) if path.is_file()]
    if not files:
        return "no results"
    lines = [f"{files[0]['device']}; decode: messages of {files[0]['ranks']} ranks", "", HEAD]
    lines += [line(result) for file in files for result in file["results"]]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main(sys.argv[1:]))
