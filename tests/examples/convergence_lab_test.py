# SPDX-License-Identifier: Apache-2.0
"""Runs the convergence lab as a user does, on a small made-up data set: as threads and under mpirun."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = os.environ["PROGRAM"]
MPIEXEC = os.environ.get("MPIEXEC", "")
FACTOR = 16
METHODS = ("gd", f"ef14 topk(k=1) factor={FACTOR}", f"ef21 topk(k=1) first=dense factor={FACTOR}",
           f"ef21 topk(k=1) first=dense step=am factor={FACTOR}",
           f"econtrol topk(k=1) first=dense factor={FACTOR}")


def write_rows(path, count=120, features=8):
    """Two classes, of which each has features of its own."""
    source = random.Random(count)
    lines = []
    for row in range(count):
        label = row % 2
        columns = sorted(source.sample(range(1, features + 1), 4))
        values = (source.uniform(0, 2) * (1 if (column + label) % 2 else -1) for column in columns)
        lines.append(f"{label} " + " ".join(f"{c}:{v:.4f}" for c, v in zip(columns, values)))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


class Lab(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.data = self.folder / "rows.libsvm"
        write_rows(self.data)

    def launch(self, *arguments, ranks=None):
        command = [PROGRAM, *arguments] if ranks is None else \
            [MPIEXEC, "-np", str(ranks), PROGRAM, *arguments]
        environment = {**os.environ, "PITH_DEBUG": "NONE"}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                              env=environment)

    def measure(self, *arguments, ranks=None):
        result = self.folder / "lab.json"
        methods = [word for method in METHODS for word in ("--method", method)]
        done = self.launch("--data", str(self.data), "--split", "sorted", "--rounds", "400", *methods,
                           "--json", str(result), *arguments, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(result.read_text(encoding="utf-8"))


class AsThreads(Lab):
    def test_shows_what_each_method_reaches_and_sends(self):
        picture = self.folder / "lab.svg"
        result = self.measure("--clients", "4", "--svg", str(picture))
        self.assertEqual([curve["method"] for curve in result["curves"]], list(METHODS))
        last = [curve["points"][-1] for curve in result["curves"]]
        self.assertEqual([point["round"] for point in last], [400] * 5)
        norms = [point["gradient_norm"] for point in last]
        self.assertGreater(norms[1], 1e-3)  # EF14 stalls on sorted rows, the others do not
        for reached in (norms[0], norms[2], norms[3], norms[4]):
            self.assertLess(reached, 1e-6)
        self.assertGreater(result["curves"][3]["step"], result["curves"][2]["step"])
        for curve in result["curves"]:
            sent = [point["wire_bytes"] for point in curve["points"]]
            self.assertEqual(sent, sorted(set(sent)))
        root = xml.etree.ElementTree.parse(picture).getroot()
        curves = root.findall("{*}path[@class='curve']")
        self.assertEqual(len(curves), 6 * 5 + 5)  # six panels and the legend

    def test_usage_errors_end_with_64_and_one_message(self):
        third = self.folder / "third.libsvm"
        third.write_text("0 1:1\n1 1:2\n5 1:3\n", encoding="ascii")
        broken = self.folder / "broken.libsvm"
        broken.write_text("0 1:1\n1 1:2\n0 x:3\n", encoding="ascii")
        large = self.folder / "large.libsvm"
        large.write_text("0 1:1e308\n1 1:-1e308 2:1e308\n" * 4, encoding="ascii")
        for arguments, message in (
                (("--data", str(large)), "the data are flat or too large"),
                (("--data", str(third)), "third.libsvm:3: the label is 5"),
                (("--data", str(broken)), "broken.libsvm:3: the index of \"x:3\""),
                (("--data", str(self.folder / "none")), "cannot be opened"),
                (("--data", str(self.data), "--clients", "200"), "a client has no rows"),
                (("--problem", "spread", "--clients", "3"), "has 4 clients, not 3"),
                (("--problem", "bilinear", "--method", "gd"), "give step=NUMBER"),
                (("--problem", "spread", "--method", "ef21 topk(k=1) step=-1"), "step=-1: expected"),
                (("--problem", "spread", "--method", "econtrol(eta=3) topk(k=1)"),
                 "eta must be from 0 to 1, not 3"),
                (("--problem", "spread", "--json", "/nosuch/folder/x"), "cannot write"),
                (("--rounds", "0"), "--rounds 0")):
            threads = () if "--clients" in arguments else ("--clients", "4")
            done = self.launch("--rounds", "2", *arguments, *threads) \
                if "--rounds" not in arguments else self.launch(*arguments, *threads)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assertEqual(done.stderr.count(message), 1, (arguments, done.stderr))

    def test_a_loss_that_is_no_number_ends_the_method(self):
        large = self.folder / "large.libsvm"
        large.write_text("0 1:1e308 2:1e308\n1 1:-1e308 2:-1e308\n" * 4, encoding="ascii")
        done = self.launch("--clients", "2", "--data", str(large), "--problem", "least_squares",
                           "--method", "ef21 topk(k=1) step=0.1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("diverged after round 0: the gradient's norm is", done.stdout)

    def test_a_diverging_method_says_so_and_the_next_one_runs(self):
        result = self.folder / "lab.json"
        done = self.launch("--clients", "4", "--problem", "spread", "--rounds", "400", "--json",
                           str(result), "--method", "gd factor=30", "--method", "gd")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("diverged after round"), 1)
        self.assertNotIn("nan", result.read_text(encoding="utf-8").lower())
        first, second = json.loads(result.read_text(encoding="utf-8"))["curves"]
        self.assertIn("diverged", first["stopped"])
        self.assertLess(len(first["points"]), 400)
        self.assertEqual(second["stopped"], "")


@unittest.skipUnless(MPIEXEC, "built without MPI")
class UnderMpi(Lab):
    def test_gives_what_threads_give(self):
        threads, ranks = self.measure("--clients", "4"), self.measure(ranks=4)
        self.assertEqual(threads["curves"][1], ranks["curves"][1])  # EF14, all of it gathered
        # The others begin with a raw all-reduce, which sums in the order of the back end.
        for curves in zip(threads["curves"], ranks["curves"]):
            for one, other in zip(*(curve["points"] for curve in curves)):
                self.assertAlmostEqual(one["objective"], other["objective"], delta=1e-9)
                self.assertEqual(one["wire_bytes"], other["wire_bytes"])


if __name__ == "__main__":
    unittest.main()
