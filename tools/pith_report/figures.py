# SPDX-License-Identifier: Apache-2.0
"""The three figures: accuracy against bytes, loss curves, ratios."""
import html
import math

from . import svg
from .table import ratio

WIDTH, HEIGHT = 880, 420
LEFT, RIGHT, TOP, BOTTOM = 52, 856, 34, 364
SMOOTH = 5


def bytes_text(value):
    """1 kB, 20 MB, 5 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} PB"


def style(groups, entry):
    """Colour of the entry's position; dashed for a contrast."""
    dashed = " contrast" if entry.contrast else ""
    return f"run{groups.index(entry) % 8}{dashed}"


def path(points):
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def curve(groups, entry, points):
    return svg.element("path", d=path(points), class_="curve " + style(groups, entry))


def marker(groups, entry, point, title):
    hint = svg.element("title", html.escape(title))
    return svg.element("circle", hint, cx=point[0], cy=point[1], r=4,
                       class_="marker " + style(groups, entry))


def legend(groups):
    """Names beside a stroke of the colour, wrapped by the browser: labels never overlap."""
    items = []
    for entry in groups:
        stroke = svg.canvas(28, 10, entry.label, svg.line(1, 5, 27, 5,
                                                           class_="curve " + style(groups, entry)))
        items.append(f"<li>{stroke}{html.escape(entry.label)}</li>")
    return f'<ul class="legend">{"".join(items)}</ul>'


def accuracy_against_bytes(groups):
    curves = [(entry, entry.curve("accuracy")) for entry in groups]
    sent = [point[1] for _, points in curves for point in points]
    reached = [100 * point[2] for _, points in curves for point in points]
    x = svg.Log(min(sent) / 1.3, max(sent) * 1.3, LEFT, RIGHT)
    y = svg.Linear(math.floor(min(reached)), math.ceil(max(reached)), BOTTOM, TOP)
    parts = [svg.x_axis(x, BOTTOM, TOP, "bytes that one rank has sent in its messages", bytes_text),
             svg.y_axis(y, LEFT, RIGHT, "test accuracy, %", lambda value: f"{value:.3g}")]
    for entry, points in curves:
        placed = [(x(point[1]), y(100 * point[2])) for point in points]
        parts.append(curve(groups, entry, placed))
        parts += [marker(groups, entry, at, f"{entry.label}: {100 * point[2]:.2f} % after "
                                            f"{bytes_text(point[1])}")
                  for at, point in zip(placed, points)]
    return svg.canvas(WIDTH, HEIGHT, "Test accuracy against bytes sent", "".join(parts))


def smoothed(values):
    """Mean of each value and up to SMOOTH - 1 before it."""
    windows = (values[max(0, i + 1 - SMOOTH):i + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def loss_curves(groups):
    curves = [(entry, entry.curve("loss")) for entry in groups]
    steps = [point[0] for _, points in curves for point in points]
    lines = [(entry, [point[0] for point in points], smoothed([point[2] for point in points]))
             for entry, points in curves]
    values = [value for _, _, losses in lines for value in losses]
    x = svg.Linear(0, max(steps), LEFT, RIGHT)
    y = svg.Log(min(values) / 1.05, max(values) * 1.05, BOTTOM, TOP)
    parts = [svg.x_axis(x, BOTTOM, TOP, "step", lambda value: f"{value:.0f}"),
             svg.y_axis(y, LEFT, RIGHT, "training loss", lambda value: f"{value:.3g}")]
    parts += [curve(groups, entry, [(x(step), y(loss)) for step, loss in zip(at, losses)])
              for entry, at, losses in lines]
    return svg.canvas(WIDTH, HEIGHT, "Training loss against steps", "".join(parts))


def ratio_bars(groups):
    """Each name stands above its bar, so that neither long names nor long bars are in the way."""
    pitch, bottom = 44, TOP + 44 * len(groups)
    x = svg.Log(1, 1.2 * max(10, max(entry["ratio_fp32"] for entry in groups)), 12, RIGHT)
    parts = [svg.x_axis(x, bottom, TOP, "times fewer bytes than fp32", lambda value: f"{value:.0f}×")]
    for i, entry in enumerate(groups):
        y, end = TOP + pitch * i, x(max(1, entry["ratio_fp32"]))
        value = f"{ratio(entry['ratio_fp32'])}× fp32, {ratio(entry['ratio_fp16'])}× 16 bit"
        parts.append(svg.text(x.first, y + 16, entry.label, class_="name"))
        parts.append(svg.text(RIGHT, y + 16, value, class_="value", text_anchor="end"))
        parts.append(svg.element("rect", x=x.first, y=y + 22, width=max(2.0, end - x.first),
                                 height=12, rx=3, class_="bar " + style(groups, entry)))
    return svg.canvas(WIDTH, bottom + 48, "Compression ratios", "".join(parts))
