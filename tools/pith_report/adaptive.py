# SPDX-License-Identifier: Apache-2.0
"""What a policy chose: the ratio of each layer over the steps of a run."""
import html

from . import svg
from .figures import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

NAMED = 12  # as many layers have their names beside their lines
NAME_WIDTH = 150


def layers(chosen, last_step):
    """Per layer its name, the corners of its line as (step, ratio), and its last compressor."""
    decisions = chosen["decisions"]
    ends = [decision["step"] for decision in decisions[1:]] + [last_step]
    for i, name in enumerate(chosen["units"]):
        corners = [(step, decision["ratios"][i]) for decision, end in zip(decisions, ends)
                   for step in (decision["step"], max(end, decision["step"]))]
        yield name, corners, decisions[-1]["compressors"][i]


def spread(wanted, pitch):
    """The same positions, moved so that they are at least `pitch` apart, in their order."""
    placed = {}
    above = float("-inf")
    for i in sorted(range(len(wanted)), key=lambda i: wanted[i]):
        above = placed[i] = max(wanted[i], above + pitch)
    return [placed[i] for i in range(len(wanted))]


def ratios_over_steps(chosen, last_step):
    """A line per layer, coloured by its place in the model."""
    drawn = list(layers(chosen, last_step))
    ratios = [ratio for _, corners, _ in drawn for _, ratio in corners]
    named = len(drawn) <= NAMED
    x = svg.Linear(0, max(1, last_step), LEFT, RIGHT - (NAME_WIDTH if named else 0))
    y = svg.Log(min(ratios) / 1.2, max(ratios) * 1.2, BOTTOM, TOP)
    parts = [svg.x_axis(x, BOTTOM, TOP, "step", lambda value: f"{value:.0f}"),
             svg.y_axis(y, LEFT, x.last, "times fewer bytes than uncompressed",
                        lambda value: f"{value:g}×")]
    heights = spread([y(corners[-1][1]) for _, corners, _ in drawn], 15)
    for i, (name, corners, compressor) in enumerate(drawn):
        line = "M" + " L".join(f"{x(step):.1f},{y(ratio):.1f}" for step, ratio in corners)
        hint = svg.element("title", html.escape(f"{name}: {compressor}"))
        parts.append(svg.element("path", hint, d=line, class_=f"curve run{i % 8}"))
        if named:
            parts.append(svg.text(x.last + 8, heights[i] + 4, name, class_=f"layer run{i % 8}"))
    return svg.canvas(WIDTH, HEIGHT, "Ratio of each layer over the steps", "".join(parts))


def figures_of(groups):
    """(title, picture, caption) for each policy of the first result of each run."""
    for entry in groups:
        for chosen in entry.first.get("adaptive", []):
            if not chosen["decisions"]:
                continue
            last_step = entry.curve("loss")[-1][0]
            yield (f"Layer by layer: {html.escape(chosen['policy'])}",
                   ratios_over_steps(chosen, last_step),
                   f"Expected bytes of each layer's messages in the run {html.escape(entry.label)}, "
                   "from the first choice on; each corner is a choice. Hover over a line to see the "
                   "layer and what it has last.")
