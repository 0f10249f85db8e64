# SPDX-License-Identifier: Apache-2.0
"""How the tests run pith-bench, and what its files hold."""
import json
import os
import pathlib
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
