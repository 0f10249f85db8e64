# SPDX-License-Identifier: Apache-2.0
"""Runs the trainer with 1-bit optimizers as a user does: as threads and under mpirun."""
import re
import unittest

from program_test import MPIEXEC, Program

SUMMARY = re.compile(r"test accuracy ([\d.]+), per step and rank ([\d.]+) kB, "
                     r"([\d.]+) times less than raw, ")


class OneBit(Program):
    def summary(self, *arguments, ranks=None):
        """Accuracy, kB per step and rank, and how much less that is than a raw all-reduce sends."""
        done = self.launch("--warmup", "10", "--epochs", "3", "--batch", "60", *arguments, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("epoch "), 3)
        return [float(value) for value in SUMMARY.search(done.stdout).groups()]


class AsThreads(OneBit):
    def test_sends_what_raw_calls_send_as_long_as_the_variance_is_learnt(self):
        _, kilobytes, ratio = self.summary("--local", "2", "--full", "1")
        count = 40 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10
        self.assertAlmostEqual(kilobytes / (4 * count / 1000), 1, delta=1e-3)
        self.assertEqual(ratio, 1.0)

    def test_learns_what_adam_learns_from_fewer_bytes(self):
        plain, *_ = self.summary("--local", "2", "--full", "1")
        self.assertGreater(plain, 0.95)
        for optimizer, least in (("onebit_adam", 4), ("onebit_lamb", 4), ("zero_one_adam", 4)):
            accuracy, _, ratio = self.summary("--local", "2", "--optimizer", optimizer)
            self.assertGreater(accuracy, plain - 0.02, optimizer)
            self.assertGreater(ratio, least, optimizer)

    def test_usage_errors_end_with_64_and_one_message(self):
        for arguments, message in ((("--full", "2"), "--full 2"),
                                   (("--optimizer", "adam"), "--optimizer adam"),
                                   (("--compressor", "nosuch"), "nosuch"),
                                   (("--local-step-scaler", "0"), "--local-step-scaler 0")):
            done = self.launch("--local", "2", *arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assert_said_once(done, message)

    def test_divergence_is_an_error(self):
        done = self.launch("--local", "2", "--lr", "1e30", "--warmup", "0")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assert_said_once(done, "training diverged")


@unittest.skipUnless(MPIEXEC, "built without MPI")
class UnderMpi(OneBit):
    def test_gives_what_threads_give(self):
        for optimizer in ("onebit_adam", "zero_one_adam"):
            arguments = ("--optimizer", optimizer)
            self.assertEqual(self.summary("--local", "2", *arguments),
                             self.summary(*arguments, ranks=2))


if __name__ == "__main__":
    unittest.main()
