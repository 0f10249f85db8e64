# SPDX-License-Identifier: Apache-2.0
"""Runs pith-bench as a user does, on small sizes: its numbers, its file, its exit codes."""
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["PITH_BENCH"]
NUMBERS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "numbers.md"
MPIEXEC = os.environ.get("MPIEXEC", "")

COMPRESSORS = ["identity", "cast(fp16)", "cast(bf16)", "topk(density=0.1)",
               "topk(density=0.1,values=bf16)", "topk(k=3)|quantize(bits=4)", "threshold(value=0.5)",
               "topk(density=0.1,values=2bit)", "levels(bits=4)", "onebit", "quantize(bits=4)", "quantize(bits=3,rounding=stochastic)", "natural",
               "randomk(density=0.1)", "lowrank(rank=2)", "lowrank(rank=2)|cast(bf16)",
               "acp(rank=2)", "arctopk(density=0.1,block=16)"]
FEEDBACKS = ["none", "ef14", "ef21", "ef21_sgdm(eta=0.3)", "econtrol(eta=0.05)"]

NUMBER = (int, float)
FLOORS = {"read_gbps": NUMBER, "copy_gbps": NUMBER, "residual_add_gbps": NUMBER}
CODEC = {"compressor": str, "feedback": str, "commit": str, "data": str, "count": int,
         "threads": int, "ranks": int, "encode_gbps": NUMBER, "decode_gbps": NUMBER,
         "payload_bytes": int, "ratio": NUMBER, "relerr": NUMBER, "of_residual_add": NUMBER,
         "decode_of_residual_add": NUMBER, "of_first_data": NUMBER, "decode_of_first_data": NUMBER}
ALL_REDUCE = {"size": int, "count": int, "type": str, "compressor": str, "feedback": str,
              "exchange": str, "time_us": NUMBER, "raw_time_us": NUMBER, "raw16_time_us": NUMBER,
              "effx": NUMBER, "algbw": NUMBER, "busbw": NUMBER, "wire_bytes": int,
              "wire_ratio": NUMBER, "ratio": NUMBER, "encode_us": NUMBER, "exchange_us": NUMBER,
              "decode_us": NUMBER, "relerr": NUMBER, "nwrong": int}
UNTOLD = ["ratio", "encode_us", "exchange_us", "decode_us", "relerr"]
SHARDS = {**ALL_REDUCE, **{key: type(None) for key in UNTOLD}}
QUICK = ["-n", "2", "-w", "1"]


def repeated(option, values):
    return [word for value in values for word in (option, value)]


class Bench(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def launch(self, *arguments, ranks=None, environment=None):
        start = [MPIEXEC, "-n", str(ranks)] if ranks else []
        return subprocess.run([*start, PROGRAM, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=200, check=False,
                              env={**os.environ, **(environment or {})})

    def measure(self, *arguments, **options):
        """The JSON of a run that ends well."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.json"
        done = self.launch(*arguments, "-J", str(path), **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(path.read_text()), done

    def assert_fits(self, found, keys):
        self.assertEqual(list(found), list(keys))
        for key, kind in keys.items():
            self.assertIsInstance(found[key], kind, key)
            self.assertNotIsInstance(found[key], bool, key)


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


class Automatic(Bench):
    def test_measures_every_way_that_was_predicted(self):
        result, done = self.measure("auto", "--local", "2", "-b", "256", "-e", "64K", "-f", "256",
                                    "-n", "2", "-w", "0", "--compressor", "auto(onebit,topk(k=3))")
        self.assertEqual([line["size"] for line in result["results"]], [256, 65536])
        names = [("none", "raw"), ("onebit", "gather"), ("onebit", "sharded"),
                 ("topk(k=3)", "gather"), ("topk(k=3)", "sharded"), ("topk(k=3)", "sparse")]
        errors = []
        for line in result["results"]:
            self.assertEqual([(way["compressor"], way["exchange"]) for way in line["ways"]], names)
            for way in line["ways"]:
                self.assertGreater(way["predicted_us"], 0)
                self.assertGreaterEqual(way["step_us"], way["measured_us"] * 0.9)
                errors.append(abs(way["predicted_us"] / way["measured_us"] - 1))
            times = [way["step_us"] for way in line["ways"]]
            self.assertAlmostEqual(line["choice_of_best"], times[line["chosen"]] / min(times))
        self.assertAlmostEqual(result["median_error"], statistics.median(errors))
        self.assertEqual(done.stdout.count("*"), 2)

    def test_is_right_under_mpi_whatever_is_chosen(self):
        if not MPIEXEC:
            self.skipTest("built without MPI")
        result, _ = self.measure("allreduce", "-b", "400", "-e", "40K", "-f", "100", "-n", "3",
                                 "--exchange", "auto", "--feedback", "ef14", "--compressor",
                                 "auto(topk(k=9),onebit,lowrank(rank=1),cast(bf16))", ranks=2)
        for line in result["results"]:
            self.assertEqual(line["nwrong"], 0, line)
            self.assertEqual(line["exchange"], "auto")


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


class AllReduce(Bench):
    def sweep(self, **options):
        local = [] if "ranks" in options else ["--local", "3"]
        return self.measure("allreduce", *local, "-b", "4", "-e", "20000", "-f", "70", *QUICK,
                            *repeated("--compressor", ["none", *COMPRESSORS]),
                            *repeated("--feedback", FEEDBACKS),
                            *repeated("--exchange", ["natural", "raw", "gather", "sharded", "sparse", "linear"]),
                            **options)

    def check_sweep(self, result, done, ranks):
        self.assertEqual(list(result), ["ranks", "results"])
        self.assertEqual(result["ranks"], ranks)
        for line in result["results"]:
            self.assert_fits(line, ALL_REDUCE)
            self.assertEqual(line["nwrong"], 0, line)
            self.assertEqual(line["size"], 4 * line["count"])
            self.assertAlmostEqual(line["effx"], line["raw_time_us"] / line["time_us"])
        seen = {(line["compressor"], line["exchange"]) for line in result["results"]}
        for expected in [("none", "raw"), ("cast(fp16)", "raw"), ("cast(fp16)", "linear"),
                         ("onebit", "gather"), ("onebit", "sharded"), ("topk(density=0.1)", "sparse"),
                         ("lowrank(rank=2)", "linear")]:
            self.assertIn(expected, seen)
        self.assertIn("# left out: onebit over the linear exchange", done.stdout)
        for line in done.stdout.splitlines():
            if line.startswith("# left out"):  # nothing that was tried and failed
                self.assertRegex(line, "over the [a-z]+ exchange: |would diverge; use feedback none")
        self.assertIn("\n# wrong values: 0\n", done.stdout)

    def test_is_right_for_every_legal_combination_as_threads(self):
        self.check_sweep(*self.sweep(), 3)

    @unittest.skipUnless(MPIEXEC, "built without MPI")
    def test_is_right_for_every_legal_combination_under_mpi(self):
        self.check_sweep(*self.sweep(ranks=2), 2)

    def test_counts_wire_bytes_by_the_formulas(self):
        # Each of 4 ranks sends 16 bytes to 3 others to agree on a step, and for a message 16 bytes
        # of size, 64 of header, 16 of directory 32 for counts and index and 16 for the value.
        result, _ = self.measure("allreduce", "--local", "4", "-b", "4096", *QUICK, "--feedback",
                                 "none", *repeated("--compressor", ["none", "topk(k=1)"]))
        raw, sparse = result["results"]
        self.assertEqual(raw["wire_bytes"], 2 * 3 * 4096 // 4 + 3 * 16)
        self.assertEqual(sparse["wire_bytes"], 3 * (16 + 16 + 80 + 48))
        self.assertAlmostEqual(sparse["wire_ratio"], 2 * 3 * 4096 / 4 / sparse["wire_bytes"])
        self.assertAlmostEqual(sparse["ratio"], 4096 / (16 + 16 + 80 + 48))
        self.assertAlmostEqual(raw["ratio"], 4096 / (4096 + 16))

    def test_one_rank_sends_nothing(self):
        result, _ = self.measure("allreduce", "--local", "1", "-b", "64", *QUICK,
                                 "--compressor", "onebit", "--type", "double")
        line = result["results"][0]
        self.assertEqual((line["wire_bytes"], line["wire_ratio"], line["busbw"]), (0, 1, 0))

    def test_takes_the_time_that_a_link_needs(self):
        result, _ = self.measure("allreduce", "--local", "2", "-b", "1M", *QUICK, "--link", "50e6",
                                 "--link-latency", "0.001", "--compressor", "onebit")
        line = result["results"][0]
        # 1 MiB each way less a burst of 128 KiB that the barrier before it lets grow, 2 steps.
        self.assertGreaterEqual(line["raw_time_us"], 1e6 * (7 / 8 * 2**20 / 50e6 + 2 * 0.001))
        self.assertEqual(line["nwrong"], 0)

    def test_takes_a_models_matrices_and_adds_them_up(self):
        layers = self.folder / "layers.txt"
        layers.write_text("# a model\nconv 8x3x5x5\nbias 8\nfc 10x200\n")
        result, done = self.measure("allreduce", "--local", "2", "--layers", str(layers), *QUICK,
                                    *repeated("--compressor", ["onebit", "lowrank(rank=9)"]))
        lines = result["results"]
        self.assertEqual([line["count"] for line in lines], [600, 600, 2000, 2000])
        sums = [line.split() for line in done.stdout.partition("# all layers together")[2].splitlines()]
        sums = [line for line in sums if line[0] == "10400"]
        self.assertEqual([line[1:6:2] for line in sums],
                         [["2600", "onebit", "sharded"], ["2600", "lowrank(rank=9)", "linear"]])
        for c, line in enumerate(sums):
            self.assertEqual(int(line[14]), lines[c]["wire_bytes"] + lines[c + 2]["wire_bytes"])
            for column, key in [(6, "time_us"), (7, "raw_time_us"), (8, "raw16_time_us")]:
                self.assertAlmostEqual(float(line[column]), lines[c][key] + lines[c + 2][key],
                                       delta=0.1)

    def test_gives_a_rank_threads(self):
        _, done = self.measure("allreduce", "--local", "2", "-b", "2M", "-t", "2", *QUICK,
                               "--compressor", "onebit")
        self.assertIn("2 ranks as threads, 2 threads each", done.stdout)

    def test_misses_a_floor_with_exit_code_2(self):
        run = ["allreduce", "--local", "2", "-b", "64", *QUICK, "--compressor", "onebit"]
        self.assertEqual(self.launch(*run, "--min-effx", "1e6").returncode, 2)
        self.assertEqual(self.launch(*run, "--min-effx", "1e-9").returncode, 0)

    def test_flags_beat_the_environment(self):
        result, done = self.measure("allreduce", "--local", "2", "-b", "64", *QUICK,
                                    "--compressor", "natural",
                                    environment={"PITH_SEED": "7", "PITH_COMPRESSOR": "onebit"})
        self.assertEqual([line["nwrong"] for line in result["results"]], [0])
        self.assertIn("PITH_SEED is ignored", done.stderr)


class Shards(Bench):
    COMMANDS = {"allgather": "gather_shards", "reduce_scatter": "reduce_shards"}

    def check_sweep(self, command, **options):
        local = [] if "ranks" in options else ["--local", "3"]
        result, done = self.measure(command, *local, "-b", "4", "-e", "20000", "-f", "70", *QUICK,
                                    *repeated("--compressor", ["none", *COMPRESSORS]),
                                    *repeated("--feedback", FEEDBACKS), **options)
        for line in result["results"]:
            self.assert_fits(line, SHARDS)
            self.assertEqual((line["nwrong"], line["exchange"]), (0, self.COMMANDS[command]), line)
        seen = {(line["compressor"], line["feedback"]) for line in result["results"]}
        self.assertEqual(("onebit", "ef21_sgdm(eta=0.3)") in seen, command == "reduce_scatter")
        self.assertIn(("topk(density=0.1)", "ef21"), seen)
        self.assertIn(("none", "ef14"), seen)
        self.assertNotIn(("lowrank(rank=2)", "ef14"), seen)
        self.assertIn("# left out: lowrank(rank=2) over the sharded exchange", done.stdout)

    def test_are_right_for_every_legal_combination_as_threads(self):
        for command in self.COMMANDS:
            self.check_sweep(command)

    @unittest.skipUnless(MPIEXEC, "built without MPI")
    def test_are_right_for_every_legal_combination_under_mpi(self):
        for command in self.COMMANDS:
            self.check_sweep(command, ranks=2)

    def test_count_wire_bytes_by_the_formulas(self):
        # Of 4096 bytes a rank of 4 gathers 1024 to 3 others, or sends as much to each; as a message
        # with 16 bytes of size, 64 of header and 16 of directory; and 16 bytes to agree.
        for command in self.COMMANDS:
            result, _ = self.measure(command, "--local", "4", "-b", "4096", *QUICK, "--feedback",
                                     "none", *repeated("--compressor", ["none", "identity"]))
            plain, message = result["results"]
            self.assertEqual(plain["wire_bytes"], 3 * (1024 + 16))
            self.assertEqual(message["wire_bytes"], 3 * (16 + 80 + 1024 + 16))
            self.assertAlmostEqual(message["wire_ratio"], 3 * 1024 / message["wire_bytes"])
            self.assertAlmostEqual(plain["busbw"], plain["algbw"] * 3 / 4)

    def test_take_the_seed_that_is_given(self):
        for command in self.COMMANDS:
            result, _ = self.measure(command, "--local", "2", "-b", "4096", *QUICK, "--seed", "5",
                                     "--compressor", "natural")
            self.assertEqual([line["nwrong"] for line in result["results"]], [0])

    def test_have_no_choice_of_exchange(self):
        done = self.launch("allgather", "--local", "2", "-b", "64", "--exchange", "auto")
        self.assertEqual(done.returncode, 64)
        self.assertIn("exchange", done.stderr)


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
