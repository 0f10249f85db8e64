# SPDX-License-Identifier: Apache-2.0
"""Runs table.py as a user does, on small sizes: the shape of what it gives, and its status."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = str(pathlib.Path(__file__).resolve().parent / "table.py")
BENCH = os.environ["PITH_BENCH"]
QUICK = ["--quick", "--ranks", "2", "--rates", "1gbit", "--bytes", "400000"]
COLUMNS = 15

# The benchmark with one number changed in the file that it writes: what its last word names.
WRONG = f"""#!/usr/bin/env bash
"{BENCH}" "$@" || exit
[ "$OMPI_COMM_WORLD_RANK" != 0 ] || sed -i 's/"nwrong": 0/"nwrong": 3/' "${{@: -1}}"
"""


def run(*words, before=()):
    return subprocess.run([*before, SCRIPT, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=100, check=False)


class Table(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        path = cls.folder / "table.json"
        cls.done = run(*QUICK, "--bench", BENCH, "--json", str(path))
        if cls.done.returncode == 77:
            raise unittest.SkipTest(cls.done.stderr)
        if cls.done.returncode != 0:
            raise AssertionError(cls.done.stdout + cls.done.stderr)
        cls.written = json.loads(path.read_text())

    def test_has_a_row_for_each_compressor_as_the_file_has(self):
        lines = [line.split("|")[1:-1] for line in self.done.stdout.splitlines() if line[0] == "|"]
        self.assertEqual([len(line) for line in lines], 4 * [COLUMNS])
        self.assertEqual([line[1].strip() for line in lines[2:]],
                         [row["compressor"] for row in self.written["rows"]])
        self.assertEqual((self.written["ranks"], self.written["bytes"]), (2, 400000))

    def test_compares_times_of_one_run_with_the_goals(self):
        for row in self.written["rows"]:
            self.assertAlmostEqual(row["of_raw"], row["raw_time_us"] / row["time_us"])
            self.assertAlmostEqual(row["of_raw16"], row["raw16_time_us"] / row["time_us"])
            self.assertEqual(row["goal_of_raw16"], row["goal"] / 2)
            self.assertEqual(row["met"], row["of_raw"] >= row["goal"] and
                             row["of_raw16"] >= row["goal"] / 2)

    def test_takes_the_faster_of_both_raw_ones(self):
        raw = {line.split(" raw by ")[1].rsplit(" ", 2)[0]: float(line.split()[-2])
               for line in self.done.stdout.splitlines() if line.startswith("# 1gbit: raw by ")}
        self.assertEqual(set(raw), {"ring", "own choice"})
        first, *others = self.written["rows"]
        self.assertAlmostEqual(first["raw_time_us"] / 1000, min(raw.values()), delta=0.1)
        for row in others:
            self.assertEqual(row["raw_algorithm"], first["raw_algorithm"])

    def test_ends_with_1_if_values_are_wrong_or_nothing_comes(self):
        for program, text in [(WRONG, "3 wrong values"), ("#!/bin/sh\nexit 5\n", "ended with 5")]:
            bench = self.folder / "bench"
            bench.write_text(program)
            bench.chmod(0o755)
            done = run(*QUICK, "--bench", str(bench))
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn(text, done.stderr)


class Calls(unittest.TestCase):
    def test_wrong_ones_end_with_64(self):
        for words in [["--rates", "2gbit"], ["--bench", "nowhere"], ["--json", SCRIPT], ["stray"]]:
            self.assertEqual(run("--bench", BENCH, *words).returncode, 64, words)

    def test_skip_where_namespaces_are_not_allowed(self):
        before = ["setpriv", "--bounding-set", "-sys_admin"] if os.geteuid() == 0 else []
        done = run(*QUICK, "--bench", BENCH, before=before)
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("skipped: namespaces", done.stderr)


if __name__ == "__main__":
    unittest.main()
