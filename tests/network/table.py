#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compressed all-reduces against raw ones on shaped links, in turns: a table and a JSON file.

  tests/network/table.py --json FILE

Every row is a run of `pith-bench allreduce` under with_link.sh. The raw all-reduce that counts is the
faster of a forced ring and what Open MPI chooses by itself, which the first row of each rate finds out;
all times of a row are of one run. Values are checked before, at a size that a link carries soon.

Status 0; 1 for wrong values or a failure, 64 for a wrong call, 77 where namespaces are not allowed.
Goals say what was aimed at: none that is missed changes the status.
"""
import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WITH_LINK = HERE / "with_link.sh"
BENCH = HERE.parents[1] / "build" / "release" / "bin" / "pith-bench"

RAW = {"ring": ["--mpirun", "--mca coll_tuned_use_dynamic_rules 1 "
                            "--mca coll_tuned_allreduce_algorithm 4"],
       "own choice": []}
CHECKED_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class Row:
    rate: str
    compressor: str
    goal: float  # raw time over compressed time; half of it against raw 16 bit


ROWS = [Row("1gbit", "topk(density=0.01)", 10), Row("1gbit", "onebit", 10),
        Row("1gbit", "lowrank(rank=4)", 8), Row("1gbit", "quantize(bits=4)", 5),
        Row("100mbit", "topk(density=0.001)", 100), Row("100mbit", "onebit", 24)]
# What a slow link carries in the time of a raw all-reduce decides how often it can be measured.
ITERATIONS = {"1gbit": (7, 1), "100mbit": (3, 0)}

COLUMNS = [("link", "rate"), ("compressor", "compressor"), ("exchange", "exchange"),
           ("time ms", "time_us"), ("raw ms", "raw_time_us"), ("raw 16 bit ms", "raw16_time_us"),
           ("of raw", "of_raw"), ("goal", "goal"), ("of raw 16 bit", "of_raw16"),
           ("goal", "goal_of_raw16"), ("met", "met"), ("encode ms", "encode_us"),
           ("exchange ms", "exchange_us"), ("decode ms", "decode_us"), ("wire bytes", "wire_bytes")]
KEPT = ["exchange", "time_us", "raw_time_us", "raw16_time_us", "encode_us", "exchange_us",
        "decode_us", "wire_bytes", "wire_ratio"]


class Failure(Exception):
    """Ends the script with a status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def run(options, rate, algorithm, *flags):
    """The results of one run of the benchmark on a link."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "run.json"
        command = [WITH_LINK, "--ranks", str(options.ranks), "--rate", rate, *RAW[algorithm], "--",
                   options.bench, "allreduce", *flags, "-J", path]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        if done.returncode == 77:
            raise Failure(77, done.stderr)
        if not path.exists() or path.stat().st_size == 0:
            raise Failure(1, f"{rate}: the run ended with {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
        return json.loads(path.read_text(encoding="utf-8"))["results"]


def check(options, rate, rows):
    """Fails if an arm gives wrong values."""
    bytes_ = str(min(CHECKED_BYTES, options.bytes))
    compressors = [word for row in rows for word in ("--compressor", row.compressor)]
    results = run(options, rate, "ring", "-b", bytes_, "-n", "1", "-w", "0", "-c", "2", *compressors)
    for line in results:
        if line["nwrong"] != 0:
            raise Failure(1, f"{line['compressor']}: {line['nwrong']} wrong values")
    if len(results) != len(rows):
        raise Failure(1, f"{rate}: {len(rows)} compressors gave {len(results)} results")


def measure(options, row, algorithm):
    """A row whose raw all-reduce is of this kind."""
    iterations, warm_up = (1, 0) if options.quick else ITERATIONS[row.rate]
    line, = run(options, row.rate, algorithm, "-b", str(options.bytes), "-n", str(iterations),
                "-w", str(warm_up), "-c", "0", "--compressor", row.compressor)
    measured = {"rate": row.rate, "compressor": row.compressor, "raw_algorithm": algorithm}
    measured |= {key: line[key] for key in KEPT}
    measured["of_raw"] = line["raw_time_us"] / line["time_us"]
    measured["of_raw16"] = line["raw16_time_us"] / line["time_us"]
    measured |= {"goal": row.goal, "goal_of_raw16": row.goal / 2}
    measured["met"] = (measured["of_raw"] >= row.goal and
                       measured["of_raw16"] >= measured["goal_of_raw16"])
    return measured


def measure_rate(options, rows):
    """The first row is measured with either raw all-reduce, the others with the faster one."""
    first = [measure(options, rows[0], algorithm) for algorithm in RAW]
    best = min(first, key=lambda line: line["raw_time_us"])
    for line in first:
        print(f"# {line['rate']}: raw by {line['raw_algorithm']} "
              f"{line['raw_time_us'] / 1000:.1f} ms", flush=True)
    yield best
    for row in rows[1:]:
        yield measure(options, row, best["raw_algorithm"])


def cell(key, value):
    if key == "met":
        return "yes" if value else "no"
    if key.endswith("_us"):
        return f"{value / 1000:.1f}"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def print_line(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def rows_of(options, rate):
    rows = [row for row in ROWS if row.rate == rate]
    return rows[-2:] if options.quick else rows


def table(options):
    for rate in options.rates:
        check(options, rate, rows_of(options, rate))
    print_line([title for title, _ in COLUMNS])
    print_line(["---"] * len(COLUMNS))
    lines = []
    for rate in options.rates:
        for line in measure_rate(options, rows_of(options, rate)):
            print_line([cell(key, line[key]) for _, key in COLUMNS])
            lines.append(line)
    return {"ranks": options.ranks, "bytes": options.bytes, "rows": lines}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def parse(words):
    parser = Parser(description="All-reduces on shaped links, compared.")
    parser.add_argument("--bench", type=pathlib.Path, default=BENCH, help="pith-bench")
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--rates", nargs="+", choices=ITERATIONS, default=list(ITERATIONS))
    parser.add_argument("--bytes", type=int, default=102_400_000, help="of the gradient")
    parser.add_argument("--json", type=pathlib.Path, help="write to this new file")
    parser.add_argument("--quick", action="store_true", help="few rows, one iteration")
    options = parser.parse_args(words)
    if not options.bench.exists():
        parser.error(f"--bench {options.bench}: build it first")
    if options.json and options.json.exists():
        parser.error(f"--json {options.json}: it exists")
    return options


def main():
    options = parse(sys.argv[1:])
    try:
        result = table(options)
    except Failure as failure:
        print(f"table.py: {failure}", file=sys.stderr)
        return failure.status
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
