# SPDX-License-Identifier: Apache-2.0
"""Runs the sharded trainer as a user does, on a small made-up data set: as threads and under mpirun."""
import re
import unittest

from program_test import MPIEXEC, Program

SUMMARY = re.compile(r"test accuracy ([\d.]+), per step and rank ([\d.]+) kB of gradients "
                     r"\(([\d.]+) times less than raw\) and ([\d.]+) kB of parameters \(([\d.]+)\), ")
COMPRESSED = ("--gradients", "topk(density=0.05)", "--parameters", "none@1,quantize(bits=8)",
              "--momentum", "0", "--lr", "0.3")


class Sharded(Program):
    def summary(self, *arguments, ranks=None):
        """Accuracy, kB and ratio of gradients, kB and ratio of parameters."""
        done = self.launch("--warmup", "10", "--epochs", "4", "--batch", "60", *arguments, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("epoch "), 4)
        return [float(value) for value in SUMMARY.search(done.stdout).groups()]


class AsThreads(Sharded):
    def test_sends_uncompressed_what_raw_calls_send(self):
        _, gradients, gradient_ratio, parameters, parameter_ratio = self.summary("--local", "4")
        count = 40 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10
        for kilobytes in (gradients, parameters):
            self.assertAlmostEqual(kilobytes / (3 / 4 * 4 * count / 1000), 1, delta=1e-3)
        self.assertEqual([gradient_ratio, parameter_ratio], [1.0, 1.0])

    def test_learns_what_it_learns_uncompressed_from_fewer_bytes(self):
        plain, *_ = self.summary("--local", "4", "--momentum", "0", "--lr", "0.3")
        accuracy, _, gradient_ratio, _, parameter_ratio = self.summary("--local", "4", *COMPRESSED)
        self.assertGreater(plain, 0.95)
        self.assertGreater(accuracy, plain - 0.01)
        self.assertGreater(gradient_ratio, 10)
        self.assertGreater(parameter_ratio, 3.5)

    def test_usage_errors_end_with_64_and_one_message(self):
        for arguments, message in ((("--gradients", "nosuch"), "nosuch"),
                                   (("--gradients", "lowrank(rank=2)"), "not a message compressor"),
                                   (("--parameter-feedback", "ef21_sgdm"), "momentum"),
                                   (("--compressor", "onebit"), "--compressor")):
            done = self.launch("--local", "4", *arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assert_said_once(done, message)

    def test_divergence_is_an_error(self):
        done = self.launch("--local", "2", "--lr", "1e30", "--warmup", "0")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assert_said_once(done, "training diverged")


@unittest.skipUnless(MPIEXEC, "built without MPI")
class UnderMpi(Sharded):
    def test_gives_what_threads_give(self):
        self.assertEqual(self.summary("--local", "4", *COMPRESSED), self.summary(*COMPRESSED, ranks=4))


if __name__ == "__main__":
    unittest.main()
