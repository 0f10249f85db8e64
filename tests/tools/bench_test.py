# SPDX-License-Identifier: Apache-2.0
"""Runs pith-bench as a user does, on small sizes: its numbers, its file, its exit codes."""
import json
import pathlib
import tempfile
import unittest

from bench import (ALL_REDUCE, CODEC, COMPRESSORS, FEEDBACKS, FLOORS, NUMBERS, QUICK, Bench,
                   repeated)


class LowRank(Bench):
    def test_compares_the_arms_that_were_built(self):
        for shape in ["64x48", "48x64", "8x8"]:
            done = self.launch("lowrank", "--shape", shape, "--count", "3", "--rank", "5", *QUICK)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("\n# wrong values: 0\n", done.stdout)
            self.assertRegex(done.stdout, r"\n +kernels( +[0-9.]+){5}\n")
            self.assertRegex(done.stdout, r"\n(# built without OpenBLAS| +openblas( +[0-9.]+){5})\n")

    def test_refuses_ranks_beyond_the_matrix(self):
        for rank in ["0", "9"]:
            done = self.launch("lowrank", "--shape", "8x9", "--rank", rank, *QUICK)
            self.assertEqual(done.returncode, 64)
            self.assertIn("--rank", done.stderr)


class Curves(Bench):
    def test_tells_how_far_off_estimates_are(self):
        done = self.launch("curves", "--shape", "40x50", "--data", "heavy", "--compressor", "onebit",
                           "--compressor", "lowrank(rank=2)", *QUICK)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\n +onebit +[0-9.e-]+ +[+-]0.00 +[+-]0.00 +256 +\+0.00\n")
        self.assertRegex(done.stdout, r"\n +lowrank\(rank=2\)( +[0-9.e+-]+){3} +720 +\+0.00\n")
        self.assertRegex(done.stdout, r"\n +topk and quantize, sampled( +[0-9.]+){2}\n")

    def test_times_a_whole_model(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as layers:
            layers.write("a.weight 40x50\na.bias 40\nb.weight 7x8x3\n")
            layers.flush()
            done = self.launch("curves", "--layers", layers.name, *QUICK)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("candidate", done.stdout)
        self.assertRegex(done.stdout, r"\n +lowrank to 16( +[0-9.]+){2}\n")

    def test_measures_some_of_every_family(self):
        done = self.launch("curves", "--shape", "40x50", "-n", "0")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("plain read", done.stdout)
        self.assertIn(" topk(density=0.01)|quantize(bits=4) ", done.stdout)

    def test_refuses_what_is_no_candidate(self):
        for arguments in [["--compressor", "topk(k=0)"], ["--shape", "4"], ["--data", "gausian"]]:
            done = self.launch("curves", *arguments, *QUICK)
            self.assertEqual(done.returncode, 64, done.stderr)


class Overlap(Bench):
    def test_measures_and_compares_the_bits(self):
        for compressor in ["none", "onebit", "topk(density=0.01)"]:
            done = self.launch("overlap", "--local", "2", "-b", "64K", "--tensors", "3",
                               "--bucket-bytes", "16K", "-n", "1", "-w", "0",
                               "--compressor", compressor)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            cells = done.stdout.splitlines()[-1].split()
            self.assertEqual((cells[0], cells[-1], len(cells)), (compressor, "0", 8))

    def test_refuses_what_no_reducer_takes(self):
        for arguments in [["--tensors", "0"], ["--compressor", "topk(k=0)"],
                          ["--exchange", "sharp"]]:
            done = self.launch("overlap", "--local", "2", "-b", "64K", *arguments)
            self.assertEqual(done.returncode, 64, done.stderr)


class TopK(Bench):
    ARMS = ["pith", "nth_element of indices", "nth_element of a copy"]

    def test_compares_the_arms_that_were_built(self):
        for arguments in [["--count", "20000"], ["--count", "1000", "--density", "1"],
                          ["--count", "1"], ["--count", "5000", "--data", "constant"],
                          ["--count", "5000", "--data", "zeros", "--density", "0.5"]]:
            done = self.launch("topk", *arguments, *QUICK)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("\n# wrong values: 0\n", done.stdout)
            for arm in self.ARMS:
                self.assertRegex(done.stdout, rf"\n +{arm}( +[0-9.]+){{5}}\n")
            self.assertRegex(done.stdout, r"\n(# built without LibTorch| +libtorch( +[0-9.]+){5})\n")

    def test_refuses_densities_that_are_none(self):
        for density in ["0", "1.1", "nan"]:
            done = self.launch("topk", "--count", "10", "--density", density, *QUICK)
            self.assertEqual(done.returncode, 64)
            self.assertIn("--density", done.stderr)


class Solver(Bench):
    def test_is_never_worse_than_uniform(self):
        for arguments in [["--layers", "7", "--levels", "1000"], ["--layers", "1"],
                          ["--candidates", "1"], ["--levels", "1", "--seed", "3"]]:
            done = self.launch("solver", *arguments, *QUICK)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for goal in ["least cost", "least error"]:
                self.assertRegex(done.stdout, rf"\n +{goal} +[A-Z0-9_]+( +[0-9.]+){{4}} +0\n")

    def test_refuses_sizes_that_are_none(self):
        for option in ["--layers", "--candidates", "--levels"]:
            done = self.launch("solver", option, "0", *QUICK)
            self.assertEqual(done.returncode, 64)
            self.assertIn(option, done.stderr)


class Codec(Bench):
    def test_measures_every_compressor_under_every_rule(self):
        result, done = self.measure("codec", "-b", "4", "-e", "20000", "-f", "17", *QUICK,
                                    "--ranks", "3", *repeated("--compressor", COMPRESSORS),
                                    *repeated("--feedback", FEEDBACKS))
        self.assertEqual(list(result), ["floors", "results"])
        self.assert_fits(result["floors"], FLOORS)
        self.assertEqual(len(result["results"]), 4 * len(COMPRESSORS) * len(FEEDBACKS))
        for line in result["results"]:
            self.assert_fits(line, CODEC)
            self.assertAlmostEqual(line["ratio"], 4 * line["count"] / line["payload_bytes"])
        self.assertIn("\n# wrong values: 0\n", done.stdout)

    def test_takes_every_kind_of_data_either_commit_and_either_type(self):
        data = self.folder / "gradient.f32"
        data.write_bytes(bytes(4000))
        for kind in ["sorted", "periodic", "constant", "spike", "zeros", str(data)]:
            for extra in [["--commit", "inplace"], ["--commit", "step", "--type", "double"]]:
                result, _ = self.measure("codec", "-b", "8000", *QUICK, "--data", kind, *extra)
                self.assertEqual({line["data"] for line in result["results"]}, {kind})
                self.assertEqual({line["commit"] for line in result["results"]}, {extra[1]})

    def test_compares_kinds_of_data_with_the_first(self):
        kinds = ["gaussian", "constant", "zeros"]
        result, done = self.measure("codec", "-b", "8000", "-e", "16000", *QUICK,
                                    *repeated("--data", kinds), *repeated("--compressor",
                                                                          ["onebit", "topk(k=3)"]))
        lines = result["results"]
        self.assertEqual([line["data"] for line in lines], 4 * kinds)
        for first, line in ((lines[i - i % 3], line) for i, line in enumerate(lines)):
            self.assertEqual(line["compressor"], first["compressor"])
            self.assertAlmostEqual(line["of_first_data"],
                                   first["encode_gbps"] / line["encode_gbps"])
            self.assertAlmostEqual(line["decode_of_first_data"],
                                   first["decode_gbps"] / line["decode_gbps"])
        self.assertRegex(done.stdout, r"gaussian +1\.00 +1\.00\n")

    def test_takes_a_models_matrices_and_adds_them_up(self):
        layers = self.folder / "layers.txt"
        layers.write_text("# a model\nconv 8x3x5x5\nbias 8\nfc 10x200\n")
        result, done = self.measure("codec", "--layers", str(layers), *QUICK,
                                    *repeated("--compressor", ["identity", "lowrank(rank=1)"]))
        self.assertEqual([(line["count"], line["payload_bytes"]) for line in result["results"]],
                         [(600, 2400), (600, 4 * (8 + 75)), (2000, 8000), (2000, 4 * (10 + 200))])
        sums = [line.split() for line in done.stdout.partition("# all layers together")[2].splitlines()]
        self.assertEqual([line[:3] + line[8:9] for line in sums if line[0] == "10400"],
                         [["10400", "2600", "identity", "10400"],
                          ["10400", "2600", "lowrank(rank=1)", str(4 * (83 + 210))]])

    def test_shape_decides_what_a_factor_costs(self):
        result, _ = self.measure("codec", "--shape", "10x30", *QUICK,
                                 "--compressor", "lowrank(rank=1)")
        self.assertEqual(result["results"][0]["payload_bytes"], 4 * (10 + 30))
        result, _ = self.measure("codec", "-b", "1200", *QUICK, "--compressor", "lowrank(rank=1)")
        self.assertEqual(result["results"][0]["payload_bytes"], 4 * (15 + 20))

    def test_misses_a_floor_with_exit_code_2(self):
        run = ["codec", "-b", "4000", *QUICK, "--compressor", "onebit", "--floor-ratio"]
        self.assertEqual(self.launch(*run, "1e-6").returncode, 2)
        self.assertEqual(self.launch(*run, "1e9").returncode, 0)

    def test_none_has_nothing_to_code(self):
        result, done = self.measure("codec", "-b", "64", *QUICK, "--compressor", "none",
                                    "--compressor", "onebit")
        self.assertEqual([line["compressor"] for line in result["results"]], ["onebit"])
        self.assertIn("# none", done.stdout)

    def test_without_checks_says_so(self):
        result, done = self.measure("codec", "-b", "64", *QUICK, "-c", "0",
                                    "--compressor", "onebit")
        self.assertIsNone(result["results"][0]["relerr"])
        self.assertIn("N/A", done.stdout)


class Documentation(unittest.TestCase):
    def test_defines_every_key(self):
        _, codec, *_, all_reduce, _ = NUMBERS.read_text(encoding="utf-8").split("## pith-bench ")
        for keys, page in (({"floors", *FLOORS, *CODEC}, codec), (ALL_REDUCE, all_reduce)):
            for key in keys:
                self.assertIn(f"`{key}`", page)


class CommandLine(Bench):
    def test_never_overwrites_a_file(self):
        path = self.folder / "out.json"
        path.write_text("mine")
        for suffix in [".0", ".1"]:
            done = self.launch("codec", "-b", "64", *QUICK, "--compressor", "onebit", "-J", str(path))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"# written to {path}{suffix}", done.stdout)
            self.assertIn("results", json.loads(pathlib.Path(f"{path}{suffix}").read_text()))
        self.assertEqual(path.read_text(), "mine")

    def test_usage_errors_name_the_value_and_end_with_64(self):
        missing = str(self.folder / "no" / "out.json")
        local = ["allreduce", "--local", "2", "-b", "64", *QUICK]
        for arguments, text in [
                ([], "command"), (["alltoall"], "alltoall"),
                (["codec", "-t", "257"], "nthreads 257"), (["codec", "--nonsense"], "nonsense"),
                (["codec", "-b", "5X"], "5X"), (["codec", "--compressor", "topq"], "topk"),
                (["codec", "--data", "gausian", "-b", "64"], "gausian"),
                (["codec", "-b", "64", "-J", missing], missing),
                ([*local, "-J", missing], missing), ([*local, "--exchange", "ring"], "ring"),
                ([*local, "--compressor", "onebit", "--exchange", "linear"], "linear")]:
            done = self.launch(*arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assertIn(text, done.stderr)

    def test_help_lists_the_options(self):
        for command in [[], ["codec"], ["lowrank"], ["topk"], ["auto"], ["allreduce", "--local", "1"]]:
            done = self.launch(*command, "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("pith-bench", done.stdout)

    def test_every_line_but_a_result_is_a_comment(self):
        done = self.launch("codec", "-b", "64", *QUICK, "--compressor", "onebit")
        results = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        self.assertEqual([line.split()[:4] for line in results], [["64", "16", "onebit", "ef14"]])


if __name__ == "__main__":
    unittest.main()
