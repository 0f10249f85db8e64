# SPDX-License-Identifier: Apache-2.0
"""Results of training runs: reading, checking, averaging over seeds."""
import json
import re
import statistics

# What identifies a run; results that differ in the seed alone are averaged.
NAME = ("compressor", "feedback", "exchange")
IDENTITY = ("dataset", "ranks", "parameters", "epochs", "batch", "learning_rate", "warmup",
            "momentum", "clip", "split", "unit", "commit") + NAME
MEASURED = ("test_accuracy", "final_loss", "ratio_fp32", "ratio_fp16", "wire_bytes_per_step",
            "wire_ratio", "seconds")
CURVES = ("accuracy", "loss")


class BadResult(Exception):
    """A file that is not the result of a run, or results that do not belong together."""


class Group:
    """The same run with one or more seeds."""

    def __init__(self, results):
        self.results = results
        self.first = results[0]
        self.details = ""

    def __getitem__(self, key):
        """A setting, or the mean of a measured value."""
        if key in IDENTITY:
            return self.first[key]
        return statistics.fmean(result[key] for result in self.results)

    def deviation(self, key):
        """Standard deviation over the seeds, None for a single one."""
        if len(self.results) < 2:
            return None
        return statistics.stdev(result[key] for result in self.results)

    def curve(self, name):
        """Points (step, message bytes, value), averaged over the seeds."""
        columns = zip(*(result[name] for result in self.results))
        return [(points[0]["step"],
                 statistics.fmean(point["message_bytes"] for point in points),
                 statistics.fmean(point["value"] for point in points)) for points in columns]

    @property
    def label(self):
        """Short name: what the schedule of compressors ends with."""
        last = re.split(r"@\d+,", self["compressor"])[-1]
        return last + (", no feedback" if self.contrast else "") + self.details

    @property
    def contrast(self):
        """Shown to be seen failing: lossy without feedback."""
        lossless = self["compressor"].startswith(("none", "identity", "cast"))
        return self["feedback"] == "none" and not lossless


def load(path):
    """One result; BadResult names the file and what is missing."""
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadResult(f"{path} is not JSON: {error}") from error
    for key in IDENTITY + MEASURED + CURVES + ("seed",):
        if not isinstance(result, dict) or result.get(key) is None:
            raise BadResult(f"{path} has no {key}: not the result of a run")
    return result


def tell_apart(groups):
    """Gives groups of the same name the settings in which they differ as details."""
    for entry in groups:
        namesakes = [other for other in groups if all(other[key] == entry[key] for key in NAME)]
        differing = [key for key in IDENTITY if len({other[key] for other in namesakes}) > 1]
        entry.details = "".join(f", {key} {entry[key]}" for key in differing)
    return groups


def group(results):
    """Groups in the order in which they first appear."""
    groups = {}
    for result in results:
        groups.setdefault(tuple(result[key] for key in IDENTITY), []).append(result)
    common = {tuple(key[:3]) for key in groups}
    if len(common) > 1:
        raise BadResult(f"results of different jobs cannot be compared: {sorted(common)}")
    return tell_apart([Group(members) for members in groups.values()])


def write_summary(groups, path):
    """The averages, without the curves."""
    runs = [{key: entry[key] for key in NAME + MEASURED}
            for entry in groups]
    summary = {key: groups[0][key] for key in ("dataset", "ranks", "parameters")}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({**summary, "runs": runs}, file, indent=1)
        file.write("\n")
