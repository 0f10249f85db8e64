# SPDX-License-Identifier: Apache-2.0
"""The table of runs, for terminals and for the page."""

HEADERS = ("compressor", "feedback", "exchange", "accuracy %", "wire B/step", "x fp32", "x 16 bit",
           "seconds")


def ratio(value):
    """Three digits or so."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def accuracy(entry):
    """In percent, with the spread over the seeds if there is one."""
    deviation = entry.deviation("test_accuracy")
    spread = "" if deviation is None else f" ± {100 * deviation:.2f}"
    return f"{100 * entry['test_accuracy']:.2f}{spread}"


def row(entry):
    """One run as texts, in the order of HEADERS."""
    return (entry["compressor"] + entry.details, entry["feedback"], entry["exchange"], accuracy(entry),
            f"{entry['wire_bytes_per_step']:,.0f}", ratio(entry["ratio_fp32"]),
            ratio(entry["ratio_fp16"]), f"{entry['seconds']:.1f}")


def text(groups):
    """All runs as aligned columns; numbers to the right."""
    rows = [HEADERS] + [row(entry) for entry in groups]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for cells in rows:
        padded = [cell.ljust(width) if i < 3 else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(cells, widths))]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
