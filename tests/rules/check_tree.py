#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what every file of the tree has to be like, and that the expected ones are there.

Usage: check_tree.py ROOT
"""

import pathlib
import re
import sys

import sources

MAX_LINES = 400
MAX_WIDTH = 100
SPDX = "// SPDX-License-Identifier: Apache-2.0"
REQUIRED = (
    "CMakeLists.txt", "CMakePresets.json", "README.md", "CONTRIBUTING.md", "LICENSE",
    ".clang-format", ".clang-tidy", ".ci/run", "cmake/install_dependencies.sh",
    "examples/quickstart.sh", "tests/run.sh", "docs/wire_format.md",
) + tuple(f"{folder}/CMakeLists.txt" for folder in sources.PUBLISHED)

# The text below would match itself, hence the brackets.
_FOREIGN_PATH = re.compile(r"""(?<![\w.~-])/(?:[w]ork|[r]oot|[h]ome)/|(?<![\w<-])[s]hared/\w""")


def check_required(root):
    for name in REQUIRED:
        if not (pathlib.Path(root) / name).is_file():
            yield f"{name} is missing"


def check_code(path, text):
    lines = text.splitlines()
    if lines[:1] != [SPDX]:
        yield f"{path}:1: does not begin with {SPDX}"
    if path.suffix in (".h", ".cuh") and lines[1:2] != ["#pragma once"]:
        yield f"{path}:2: is not #pragma once"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_WIDTH:
            yield f"{path}:{number}: {len(line)} columns, more than {MAX_WIDTH}"


def check_text(path, text):
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        yield f"{path}: {len(lines)} lines, more than {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        if found := _FOREIGN_PATH.search(line):
            yield f"{path}:{number}: refers to {found[0]}, which is outside the project"


def violations(root):
    found = list(check_required(root))
    for path in sources.files(root):
        text = sources.text(root, path)
        if text is None:
            continue
        found += check_text(path, text)
        if path.suffix in sources.CODE:
            found += check_code(path, text)
    return found


if __name__ == "__main__":
    sys.exit(sources.report(violations(sys.argv[1])))
