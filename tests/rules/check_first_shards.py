#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the first of the shards of each test program stands for all of them: together, first
shards have every compressor, exchange and rule that is combined in any shard.

Usage: check_first_shards.py PROGRAM=SHARDS...
"""

import re
import subprocess
import sys

PARAMETER = re.compile(r"# GetParam\(\) = (.*)")
ARGUMENTS = re.compile(r"\([^()]*\)")


def parameters(listed):
    """Of each test that --gtest_list_tests lists, in its order; empty where there is none."""
    tests = [line for line in listed.splitlines() if line.startswith("  ")]
    found = [PARAMETER.search(line) for line in tests if "DISABLED_" not in line]
    return [match.group(1) if match else "" for match in found]


def without_arguments(text):
    shorter = ARGUMENTS.sub("", text)
    return text if shorter == text else without_arguments(shorter)


def kinds(texts):
    """The names in texts like "topk(density=0.1)|cast(fp16) over gather with ef14"."""
    return {word for text in texts for word in re.findall(r"\w+", without_arguments(text))}


def missing(programs):
    """The kinds that no first shard has, as GoogleTest divides what each program lists."""
    divided = [(parameters(listed), shards) for listed, shards in programs]
    first = set().union(*(kinds(texts[::shards]) for texts, shards in divided))
    return set().union(*(kinds(texts) for texts, _ in divided)) - first


def list_tests(program):
    command = [program, "--gtest_list_tests"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 64
    programs = [argument.rsplit("=", 1) for argument in arguments]
    absent = missing([(list_tests(program), int(shards)) for program, shards in programs])
    for kind in sorted(absent):
        print(f"{kind}: in no first shard")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
