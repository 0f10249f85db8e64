# SPDX-License-Identifier: Apache-2.0
"""Runs with_link.sh as a user does: what it leaves behind, what it passes on, when it skips."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

SCRIPT = str(pathlib.Path(__file__).resolve().parent / "with_link.sh")
LINK_TEST = os.environ["LINK_TEST"]
TWO_RANKS = ["--ranks", "2", "--rate", "1gbit"]
TALK = [LINK_TEST, "--gtest_filter=*Namespace*"]


def run(*words, before=(), **options):
    return subprocess.run([*before, SCRIPT, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False, **options)


def namespaces_of(process):
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return re.findall(rf"^pith-{process.pid}-\S+", names.stdout, re.MULTILINE)


def left_behind(process):
    return namespaces_of(process) + list(pathlib.Path("/tmp").glob(f"pith-{process.pid}-*"))


def end(process):
    """Whatever a test has found out, the next one does not wait for it."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


class Calls(unittest.TestCase):
    def assert_skips(self, done, why):
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("with_link.sh: skipped: " + why, done.stderr)

    def test_wrong_ones_end_with_64_and_name_the_value(self):
        for words, text in [([], "--ranks ''"), (["--ranks", "0", "--rate", "none"], "'0'"),
                            (["--ranks", "2", "--rate", "2gbit"], "'2gbit'"), (TWO_RANKS, "program"),
                            (["--rates", "2"], "--rates"), (["--ranks"], "--ranks")]:
            done = run(*words)
            self.assertEqual(done.returncode, 64, words)
            self.assertIn(text, done.stderr)

    def test_skip_without_ip_or_tc(self):
        with tempfile.TemporaryDirectory() as folder:
            for tool in ["bash", "id", "unshare", "mpirun", "tc", "ip"]:
                path = {"PATH": folder}
                if tool in ("tc", "ip"):
                    self.assert_skips(run(*TWO_RANKS, "--", "true", env=path),
                                      "there is no " + ("ip" if tool == "tc" else "ip"))
                os.symlink(shutil.which(tool), os.path.join(folder, tool))
            os.remove(os.path.join(folder, "tc"))
            self.assert_skips(run(*TWO_RANKS, "--", "true", env=path), "there is no tc")

    def test_skip_where_namespaces_are_not_allowed(self):
        before = ["setpriv", "--bounding-set", "-sys_admin"] if os.geteuid() == 0 else []
        self.assert_skips(run(*TWO_RANKS, "--", "true", before=before), "namespaces ")


class Links(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = run("--ranks", "1", "--rate", "none", "--", "true")
        if done.returncode == 77:
            raise unittest.SkipTest(done.stderr)

    def start(self, *program):
        """A running call and the processes of its ranks."""
        process = subprocess.Popen([SCRIPT, *TWO_RANKS, "--", "bash", "-c",
                                    "echo $$; exec \"$@\"", "-", *program],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(end, process)
        ranks = [int(process.stdout.readline()) for _ in range(2)]
        self.assertEqual(len(namespaces_of(process)), 3)
        return process, ranks

    def assert_nothing_left(self, process, ranks):
        self.assertEqual(left_behind(process), [])
        for rank in ranks:
            self.assertFalse(os.path.exists(f"/proc/{rank}/ns/net"), f"{rank} still runs")

    def test_pass_on_words_environment_and_arguments_of_mpirun(self):
        done = run(*TWO_RANKS, "--mpirun", "-x ANSWER=42", "--", "bash", "-c",
                   'echo "$1|$2|$GIVEN|$ANSWER"', "-", "a  b", "it's $HOME",
                   env={**os.environ, "GIVEN": "here"})
        self.assertEqual(done.stdout, 2 * "a  b|it's $HOME|here|42\n", done.stderr)

    def test_pass_on_the_status_and_leave_nothing(self):
        process, ranks = self.start("bash", "-c", "sleep 0.2; exit 3")
        self.assertEqual(process.wait(timeout=15), 3)
        self.assert_nothing_left(process, ranks)

    def test_leave_nothing_after_a_signal(self):
        for sent in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
            process, ranks = self.start("sleep", "1000")
            process.send_signal(sent)
            self.assertEqual(process.wait(timeout=15), 128 + sent)
            self.assert_nothing_left(process, ranks)

    def test_are_removed_by_the_next_call_after_a_kill(self):
        process, ranks = self.start("sleep", "1000")
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie is dead, too
        self.assertEqual(len(namespaces_of(process)), 3)
        self.assertEqual(run("--ranks", "1", "--rate", "none", "--", "true").returncode, 0)
        self.assert_nothing_left(process, ranks)

    def test_do_not_disturb_each_other(self):
        with tempfile.TemporaryDirectory() as folder:
            go = os.path.join(folder, "go")
            first, _ = self.start("bash", "-c", f"until [ -e {go} ]; do sleep 0.05; done; exec $*",
                                  "-", *TALK)
            second = run(*TWO_RANKS, "--", *TALK)
            self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
            self.assertEqual(len(namespaces_of(first)), 3)
            pathlib.Path(go).touch()
            self.assertEqual(first.wait(timeout=15), 0)


if __name__ == "__main__":
    unittest.main()
