# SPDX-License-Identifier: Apache-2.0
"""The same for the commands that measure collectives."""
import statistics
import unittest

from bench import (ALL_REDUCE, COMPRESSORS, FEEDBACKS, MPIEXEC, QUICK, SHARDS, Bench, repeated)


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
                self.assertRegex(line, "over the [a-z]+ exchange: |would diverge; use none")
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
        # with 16 bytes of size, 64 of header and 16 of directory; and 8 bytes to begin, 16 to agree.
        for command in self.COMMANDS:
            result, _ = self.measure(command, "--local", "4", "-b", "4096", *QUICK, "--feedback",
                                     "none", *repeated("--compressor", ["none", "identity"]))
            plain, message = result["results"]
            self.assertEqual(plain["wire_bytes"], 3 * (8 + 1024 + 16))
            self.assertEqual(message["wire_bytes"], 3 * (8 + 16 + 80 + 1024 + 16))
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


if __name__ == "__main__":
    unittest.main()
