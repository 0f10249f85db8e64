# SPDX-License-Identifier: Apache-2.0
"""One self-contained page: no script, no font, no picture from elsewhere."""
import html

from . import adaptive, figures, table

LIGHT = ("#3a63c8", "#7b8794", "#c2571a", "#0f8a6d", "#d33f4b", "#7a4fc9", "#b88700", "#c2408f")
DARK = ("#82a5ff", "#9aa7b4", "#ff9a5c", "#45cfa9", "#ff7a85", "#b695ff", "#e8bd4a", "#ff86c8")

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c232b; --soft: #5b6773; --rule: #e4e8ec;
  %LIGHT% }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e7ebef; --soft: #9aa5b1; --rule: #2c343c; %DARK% } }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 60rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 3rem 0 .5rem; }
p, figcaption { color: var(--soft); } figcaption { font-size: .9rem; max-width: 52rem; }
figure { margin: 0; } svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 1.5rem; font-size: .85rem; }
th, td { text-align: right; padding: .45rem .6rem; border-bottom: 1px solid var(--rule);
  white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
td:first-child { font-family: ui-monospace, monospace; white-space: normal; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: 0;
  margin: .5rem 0; font-size: .85rem; }
.legend li { display: flex; align-items: center; gap: .5rem; } .legend svg { width: 28px; }
text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.tick, .axis { fill: var(--soft); } .value { font-weight: 600; }
text.layer { fill: currentColor; font-size: 12px; }
.grid { stroke: var(--rule); } .curve { fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linejoin: round; } .marker { fill: currentColor; stroke: var(--paper); }
.bar { fill: currentColor; } .curve.contrast { stroke-dasharray: 5 4; } .bar.contrast { opacity: .5; }
%RUNS%
"""


def stylesheet():
    light = " ".join(f"--run{i}: {colour};" for i, colour in enumerate(LIGHT))
    dark = " ".join(f"--run{i}: {colour};" for i, colour in enumerate(DARK))
    runs = "\n".join(f".run{i} {{ color: var(--run{i}); }}" for i in range(len(LIGHT)))
    return STYLE.replace("%LIGHT%", light).replace("%DARK%", dark).replace("%RUNS%", runs)


def introduction(groups):
    first, seeds = groups[0], len(groups[0].results)
    averaged = f", mean of {seeds} seeds (± standard deviation)" if seeds > 1 else ""
    return (f"{first['dataset']}, a perceptron of {first['parameters']:,} parameters, "
            f"{first['ranks']} data-parallel ranks, {first['epochs']} epochs, "
            f"batch {first['batch']}{averaged}.")


def breakable(cell):
    """A long spec may go on in the next line after a comma."""
    return html.escape(cell).replace(",", ",<wbr>")


def html_table(groups):
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.HEADERS)
    rows = "".join("<tr>" + "".join(f"<td>{breakable(cell)}</td>" for cell in table.row(entry)) +
                   "</tr>" for entry in groups)
    return f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def figure(title, picture, caption):
    return (f"<h2>{title}</h2><figure>{picture}"
            f"<figcaption>{caption}</figcaption></figure>")


def html_figures(groups):
    legend = figures.legend(groups)
    return "".join((
        figure("Accuracy against bytes", figures.accuracy_against_bytes(groups) + legend,
               "Accuracy on the test set after each epoch, against the bytes of one rank's own "
               "messages until then, headers and density warm-up counted. Further left is cheaper, "
               "further up is better; the last point of a line is the end of training. Dashed: "
               "without error feedback."),
        figure("Loss curves", figures.loss_curves(groups) + legend,
               "Training loss, mean over all ranks and 20 steps, smoothed over "
               f"{figures.SMOOTH} such points, on a logarithmic scale. All runs see the same "
               "samples in the same order and follow the same shape of learning rate."),
        figure("Compression ratios", figures.ratio_bars(groups),
               "Bytes of all gradients in fp32 over the bytes of one rank's own messages, averaged "
               "over all steps, on a logarithmic scale; then the same against 16-bit "
               "gradients. The table's wire bytes count everything that one rank sends during the "
               "whole exchange; where payloads are gathered they grow with the number of ranks.")))


def document(title, body):
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{stylesheet()}</style></head>\n"
            f"<body>{body}</body></html>\n")


def html_page(groups):
    heading = "<h1>What compressed gradients cost and reach</h1>"
    chosen = "".join(figure(*one) for one in adaptive.figures_of(groups))
    body = (f"{heading}<p>{introduction(groups)}</p>{html_table(groups)}{html_figures(groups)}"
            f"{chosen}")
    return document("Pith: training with compressed gradients", body)
