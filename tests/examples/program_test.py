# SPDX-License-Identifier: Apache-2.0
"""Runs the trainer as a user does, on a small made-up data set: as threads and under mpirun."""
import gzip
import json
import os
import pathlib
import pty
import random
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["PROGRAM"]
MPIEXEC = os.environ.get("MPIEXEC", "")
RUNS_KEYS = {"compressor", "feedback", "exchange", "ranks", "parameters", "seed", "accuracy", "loss",
             "final_loss", "test_accuracy", "ratio_fp32", "ratio_fp16", "wire_bytes_per_step",
             "wire_ratio", "seconds", "split", "unit", "commit", "warmup", "units",
             "adaptive"}


def write_idx(path, extents, data):
    header = struct.pack(f">BBBB{len(extents)}I", 0, 0, 8, len(extents), *extents)
    path.write_bytes(gzip.compress(header + data))


def write_samples(folder, name, count, rows=10, columns=4):
    """Label c lights up the pixels of row c, under noise."""
    folder.mkdir(exist_ok=True)
    source = random.Random(count)
    labels = bytes(source.randrange(10) for _ in range(count))
    images = bytes(200 if pixel // columns == label else source.randrange(100)
                   for label in labels for pixel in range(rows * columns))
    write_idx(folder / f"{name}-images-idx3-ubyte.gz", (count, rows, columns), images)
    write_idx(folder / f"{name}-labels-idx1-ubyte.gz", (count,), labels)


def repeatable(part):
    """What another run with the same options gives again, to the last bit: no times."""
    if isinstance(part, list):
        return [repeatable(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {key: repeatable(value) for key, value in part.items() if key != "seconds"}


def read_all(terminal):
    """What a pseudo-terminal shows until its other end is closed, which Linux tells as an error."""
    shown = b""
    try:
        while part := os.read(terminal, 4096):
            shown += part
    except OSError:
        pass
    os.close(terminal)
    return shown.decode()


def shown_on_terminal(command, stream):
    """What the command shows if only this stream is a terminal, and none of its own."""
    terminal, other_end = pty.openpty()
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
               "stderr": subprocess.DEVNULL, stream: other_end}
    with subprocess.Popen(command, **streams):
        os.close(other_end)
        return read_all(terminal)


def shown_on_own_terminal(command):
    """What it shows on a terminal as a shell's child has one, the standard error being elsewhere."""
    process, terminal = pty.fork()
    if process == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execv(command[0], command)
    shown = read_all(terminal)
    os.waitpid(process, 0)
    return shown


class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        write_samples(cls.folder, "train", 2000)
        write_samples(cls.folder, "t10k", 500)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def launch(self, *arguments, ranks=None):
        """As threads, or under mpirun if `ranks` is given."""
        start = [MPIEXEC, "-n", str(ranks)] if ranks else []
        if "--data" not in arguments:
            arguments += ("--data", str(self.folder))
        return subprocess.run([*start, PROGRAM, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)

    def train(self, *arguments, ranks=None):
        path = self.folder / "result.json"
        done = self.launch("--json", str(path), "--warmup", "10", "--epochs", "4", "--batch", "60",
                           *arguments, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(path.read_text()), done

    def assert_bar(self, shown):
        self.assertRegex(shown, r"\r\[#* *\] step \d+ of \d+")
        self.assertGreater(shown.rfind("\033[K"), shown.rfind("] step"))

    def assert_said_once(self, done, message):
        self.assertEqual((done.stdout + done.stderr).count(message), 1, done.stderr)


class AsThreads(Program):
    def test_learns_and_writes_what_it_measured(self):
        result, done = self.train("--local", "4", "--compressor", "topk(density=0.05)",
                                  "--momentum", "0", "--lr", "0.3")
        self.assertLessEqual(RUNS_KEYS, set(result))
        self.assertGreater(result["test_accuracy"], 0.95)
        self.assertEqual(result["compressor"], "topk(density=0.05)")
        self.assertEqual([result[key] for key in ("split", "unit", "commit", "warmup")],
                         ["random", "tensor", "step", 10])
        self.assertEqual(len(result["accuracy"]), 4)
        self.assertEqual(result["accuracy"][-1]["value"], result["test_accuracy"])
        self.assertGreater(result["ratio_fp32"], 5)
        self.assertEqual(sum(unit["elements"] for unit in result["units"]), result["parameters"])
        self.assertEqual(result["adaptive"], [])
        self.assertAlmostEqual(result["ratio_fp16"], result["ratio_fp32"] / 2)
        self.assertEqual(done.stdout.count("epoch "), 4)

    def test_raw_bytes_are_those_of_the_formula(self):
        result, _ = self.train("--local", "4", "--feedback", "none")
        dense = 4 * result["parameters"]
        last = result["loss"][-1]
        for measured, formula in ((result["ratio_fp32"], 1), (result["wire_ratio"], 1),
                                  (result["wire_bytes_per_step"], 2 * 3 * dense / 4),
                                  (last["message_bytes"], last["step"] * dense)):
            # Beside the gradients, the ranks send each other what they need to agree on a step.
            self.assertAlmostEqual(measured / formula, 1, delta=1e-3)

    def test_gives_the_same_result_twice(self):
        results = [self.train("--local", "3", "--compressor", "topk(density=0.1)",
                              "--split", "sorted", "--lr", "0.05")[0] for _ in range(2)]
        self.assertEqual([result["split"] for result in results], ["sorted"] * 2)
        self.assertEqual(*map(repeatable, results))

    def test_logs_hold_no_control_characters(self):
        _, done = self.train("--local", "2")
        self.assertRegex(done.stdout + done.stderr, r"\A[ -~\n]*\Z")

    def test_a_terminal_gets_a_bar_that_is_erased_at_the_end(self):
        run = [PROGRAM, "--local", "2", "--data", str(self.folder)]
        self.assert_bar(shown_on_terminal(run, "stderr"))
        self.assert_bar(shown_on_own_terminal(run))

    def test_a_terminal_that_is_only_handed_down_gets_none(self):
        run = [PROGRAM, "--local", "2", "--data", str(self.folder)]
        self.assertNotIn("\033", shown_on_terminal(["sh", "-c", '"$@"; true', "sh", *run], "stdout"))

    def test_usage_errors_end_with_64_and_one_message(self):
        for arguments, message in ((("--epochs", "0"), "--epochs 0"),
                                   (("--compressor", "nosuch"), "nosuch"),
                                   (("--batch", "65"), "--batch 65"),
                                   (("--batch", "20000"), "--batch 20000"),
                                   (("--data", "/nowhere"), "/nowhere/train-images")):
            done = self.launch("--local", "4", *arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assert_said_once(done, message)

    def test_a_result_that_cannot_be_written_is_an_error(self):
        done = self.launch("--local", "2", "--epochs", "1", "--json", "/nowhere/result.json")
        self.assertNotEqual(done.returncode, 0)
        self.assert_said_once(done, "/nowhere/result.json")

    def test_divergence_is_an_error(self):
        done = self.launch("--local", "2", "--lr", "1e30", "--warmup", "0")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assert_said_once(done, "training diverged at step")


@unittest.skipUnless(MPIEXEC, "built without MPI")
class UnderMpi(Program):
    def test_gives_what_threads_give(self):
        arguments = ("--compressor", "topk(density=0.05)", "--momentum", "0", "--lr", "0.3",
                     "--unit", "model")
        threads, _ = self.train("--local", "4", *arguments)
        processes, _ = self.train(*arguments, ranks=4)
        self.assertEqual(repeatable(threads), repeatable(processes))

    def test_gives_the_same_result_every_time(self):
        # MPI's own allocations move the trainer's from run to run, but two runs are often alike.
        results = [repeatable(self.train("--lr", "0.05", ranks=1)[0]) for _ in range(4)]
        self.assertEqual(results, results[:1] * 4)

    def test_a_bar_shows_on_the_launchers_terminal_and_in_no_log(self):
        run = [MPIEXEC, "-n", "2", PROGRAM, "--data", str(self.folder)]
        self.assert_bar(shown_on_terminal(run, "stdout"))
        _, done = self.train(ranks=2)
        self.assertRegex(done.stdout + done.stderr, r"\A[ -~\n]*\Z")

    def test_usage_errors_are_said_once_and_end_the_job(self):
        for arguments, message in ((("--epochs", "0"), "--epochs 0"),
                                   (("--compressor", "nosuch"), "nosuch")):
            done = self.launch(*arguments, ranks=4)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assert_said_once(done, message)

    def test_help_is_printed_once(self):
        done = self.launch("--help", ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_said_once(done, "Trains a perceptron")

    def test_data_missing_on_one_rank_ends_the_job_and_names_the_rank(self):
        common = ["--data", str(self.folder)]
        missing = ["--data", "/nowhere"]
        done = subprocess.run([MPIEXEC, "-n", "2", PROGRAM, *common, ":", "-n", "1", PROGRAM,
                               *missing, ":", "-n", "1", PROGRAM, *common],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assert_said_once(done, "rank 2: read_idx: /nowhere/train-images-idx3-ubyte.gz")


if __name__ == "__main__":
    unittest.main()
