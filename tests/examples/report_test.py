# SPDX-License-Identifier: Apache-2.0
"""Runs pith-report on the results in runs/ and looks into what it writes."""
import html.parser
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
REPORT = HERE.parent.parent / "tools" / "pith-report"
RESULTS = [HERE / "runs" / name for name in ("none-0.json", "none-1.json", "topk-0.json",
                                             "topk-1.json", "bare-0.json", "bare-1.json")]
NUMBERS = HERE.parent.parent / "docs" / "numbers.md"
TOPK = "topk(density=0.01)@58,topk(density=0.001,values=bf16)"


def run(*arguments):
    return subprocess.run([sys.executable, str(REPORT), *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False)


class Page(html.parser.HTMLParser):
    """Checks that tags nest; collects texts, classes and everything that could load something."""
    VOID = {"meta", "wbr"}

    def __init__(self, source):
        super().__init__()
        self.open, self.texts, self.loads, self.tags = [], [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.loads += [(tag, name) for name, _ in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> does not close what is open"

    def handle_data(self, data):
        self.texts.append(data)

    def count(self, tag, of_class):
        return sum(name == tag and of_class in (attributes.get("class") or "").split()
                   for name, attributes in self.tags)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.temporary.name)
        cls.done = run("--summary", folder / "summary.json", "--html", folder / "report.html",
                       *RESULTS)
        assert cls.done.returncode == 0, cls.done.stderr
        cls.source = (folder / "report.html").read_text(encoding="utf-8")
        cls.page = Page(cls.source)
        cls.summary = json.loads((folder / "summary.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_the_page_is_well_formed(self):
        self.assertEqual(self.page.open, [])

    def test_the_page_refers_to_nothing_outside(self):
        self.assertEqual(self.page.loads, [])
        self.assertNotIn("url(", self.source)
        self.assertNotIn("@import", self.source)
        self.assertNotIn("<script", self.source)

    def test_the_page_holds_every_run_in_every_figure(self):
        text = "".join(self.page.texts)
        for name in ("none", TOPK, "topk(density=0.001,values=bf16), no feedback"):
            self.assertIn(name, text)
        self.assertEqual(self.page.count("path", "curve"), 2 * 3)
        self.assertEqual(self.page.count("circle", "marker"), 2 * 3)
        self.assertEqual(self.page.count("rect", "bar"), 3)
        self.assertEqual(self.page.count("rect", "contrast"), 1)

    def test_the_summary_has_the_keys_that_others_rely_on(self):
        self.assertEqual(set(self.summary), {"dataset", "ranks", "parameters", "runs"})
        for entry in self.summary["runs"]:
            self.assertEqual(set(entry), {"compressor", "feedback", "exchange", "test_accuracy",
                                          "final_loss", "ratio_fp32", "ratio_fp16",
                                          "wire_bytes_per_step", "wire_ratio", "seconds"})

    def test_the_documentation_defines_every_key(self):
        page = NUMBERS.read_text(encoding="utf-8").split("## Training runs")[1]
        for key in json.loads(RESULTS[0].read_text()):
            self.assertIn(f"`{key}`", page)

    def test_seeds_are_averaged_and_runs_keep_their_order(self):
        runs = self.summary["runs"]
        self.assertEqual([(entry["compressor"], entry["feedback"]) for entry in runs],
                         [("none", "none"), (TOPK, "ef14"), (TOPK, "none")])
        self.assertAlmostEqual(runs[0]["test_accuracy"], 0.895)
        self.assertIn("89.50 ± 0.14", self.done.stdout)

    def test_runs_that_differ_in_any_setting_are_told_apart(self):
        for key, other in (("unit", "bucket"), ("split", "sorted"), ("warmup", 0),
                           ("commit", "inplace"), ("clip", 0.5)):
            with tempfile.TemporaryDirectory() as folder:
                changed = json.loads(RESULTS[3].read_text()) | {key: other}
                path = pathlib.Path(folder) / "changed.json"
                path.write_text(json.dumps(changed))
                done = run("--summary", path.with_name("summary.json"), RESULTS[2], path)
                self.assertEqual(done.returncode, 0, done.stderr)
                runs = json.loads(path.with_name("summary.json").read_text())["runs"]
            self.assertEqual(len(runs), 2, key)
            self.assertIn(f"{TOPK}, {key} {other}", done.stdout)
            self.assertNotIn("±", done.stdout)

    def test_what_a_policy_chose_is_drawn(self):
        result = json.loads(RESULTS[2].read_text(encoding="utf-8"))
        decisions = [{"step": 10, "compressors": ["topk(k=1)", "none"], "ratios": [90.0, 1.0]},
                     {"step": 50, "compressors": ["topk(k=2)", "onebit"], "ratios": [45.0, 31.0]}]
        result["adaptive"] = [{"policy": "lgreco", "units": ["first.weight", "bias"],
                               "decisions": decisions},
                              {"policy": "uniform", "units": [], "decisions": []}]
        with tempfile.TemporaryDirectory() as folder:
            changed = pathlib.Path(folder) / "adaptive.json"
            changed.write_text(json.dumps(result), encoding="utf-8")
            written = pathlib.Path(folder) / "report.html"
            done = run("--html", written, changed)
            self.assertEqual(done.returncode, 0, done.stderr)
            page = Page(written.read_text(encoding="utf-8"))
        self.assertEqual(page.open, [])
        self.assertIn("Layer by layer: lgreco", page.texts)
        self.assertIn("first.weight: topk(k=2)", page.texts)
        self.assertIn("bias: onebit", page.texts)
        self.assertEqual(page.count("path", "curve"), 2 + 2)
        self.assertNotIn("Layer by layer: uniform", page.texts)
        self.assertEqual(page.count("text", "layer"), 2)

    def test_a_broken_result_is_named(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"ranks": 4}')
            file.flush()
            done = run(RESULTS[0], file.name)
            self.assertEqual(done.returncode, 64)
            self.assertIn(f"{file.name} has no dataset", done.stderr)
        self.assertEqual(run("/nowhere.json").returncode, 64)
        self.assertEqual(run().returncode, 64)


if __name__ == "__main__":
    unittest.main()
