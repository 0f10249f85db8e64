# SPDX-License-Identifier: Apache-2.0
"""Runs the residual network's trainer as a user does, on a few hundred made-up images: as threads
and under mpirun."""
import unittest

from program_test import MPIEXEC, Program, repeatable, write_samples


class Cnn(Program):
    ADAPTIVE = ("--compressor", "adaptive(topk(density=0.05),every=8,steps=2)", "--momentum", "0",
                "--epochs", "2", "--batch", "32", "--warmup", "5", "--lr", "0.2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_samples(cls.folder, "train", 320, rows=28, columns=28)
        write_samples(cls.folder, "t10k", 100, rows=28, columns=28)


class AsThreads(Cnn):
    def test_learns_and_tells_what_was_chosen_for_each_layer(self):
        result, _ = self.train("--local", "2", *self.ADAPTIVE)  # ends well if replicas are equal
        self.assertLess(result["loss"][-1]["value"], 0.8 * result["loss"][0]["value"])
        self.assertLess(result["final_loss"], 2)
        compressed = [unit for unit in result["units"] if not unit["why_dense"]]
        self.assertGreaterEqual(len(compressed), 20)
        self.assertEqual(sum(unit["elements"] for unit in result["units"]), result["parameters"])
        adaptive, = result["adaptive"]
        self.assertEqual(adaptive["policy"], "lgreco")
        self.assertEqual(adaptive["units"], [unit["name"] for unit in compressed])
        self.assertEqual([decision["step"] for decision in adaptive["decisions"]], [2, 8, 16])
        last = adaptive["decisions"][-1]
        self.assertEqual(last["compressors"], [unit["compressor"] for unit in compressed])
        self.assertGreater(len(set(last["compressors"])), 3)
        self.assertGreater(last["cost"], 0)

    def test_gives_the_same_result_twice(self):
        results = [self.train("--local", "2", *self.ADAPTIVE)[0] for _ in range(2)]
        self.assertEqual(*map(repeatable, results))

    def test_images_of_another_size_are_a_usage_error(self):
        write_samples(self.folder / "small", "train", 100)
        write_samples(self.folder / "small", "t10k", 100)
        done = self.launch("--local", "2", "--batch", "20", "--data", str(self.folder / "small"))
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assert_said_once(done, "images of 40 pixels: expected 28 x 28")


@unittest.skipUnless(MPIEXEC, "built without MPI")
class UnderMpi(Cnn):
    def test_gives_what_threads_give(self):
        threads, _ = self.train("--local", "2", *self.ADAPTIVE)
        processes, _ = self.train(*self.ADAPTIVE, ranks=2)
        self.assertEqual(repeatable(threads), repeatable(processes))


if __name__ == "__main__":
    unittest.main()
