# SPDX-License-Identifier: Apache-2.0
"""The files of the tree that the rules are about."""

import os
import pathlib

PUBLISHED = ("lib/core", "lib/comm", "lib/cuda", "lib/mpi", "lib/nccl", "lib/feedback", "lib/adaptive",
             "lib/reducer", "lib/optim", "compressors", "collectives")
CODE = (".h", ".cc", ".cu", ".cuh")
_SKIPPED = {".git", ".cache", "build", "install", "__pycache__"}


def files(root):
    """Every file below root, relative to it, without build folders."""
    found = []
    for folder, folders, names in os.walk(root):
        if "CMakeCache.txt" in names:
            folders.clear()
            continue
        folders[:] = sorted(set(folders) - _SKIPPED)
        names = sorted(set(names) - _SKIPPED)
        found += [pathlib.Path(folder, name).relative_to(root) for name in names]
    return found


def code(root):
    return [path for path in files(root) if path.suffix in CODE]


def text(root, path):
    """The file's text, or None if it holds something else."""
    try:
        return (pathlib.Path(root) / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def report(violations):
    """Prints the violations; the exit status."""
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    return 1 if violations else 0
