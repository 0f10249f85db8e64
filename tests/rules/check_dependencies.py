#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks from the #include lines that dependencies between folders point one way.

Usage: check_dependencies.py ROOT
"""

import pathlib
import re
import sys

import sources

# Module: the modules it may include besides itself.
ALLOWED = {
    "core": set(),
    "cuda": {"core"},
    "comm": {"core", "cuda"},
    "mpi": {"core", "comm"},
    "nccl": {"core", "comm", "cuda"},
    "compressors": {"core", "cuda"},
    "feedback": {"core", "cuda", "compressors"},
    "adaptive": {"core", "cuda", "compressors"},
    "collectives": {"core", "comm", "cuda", "compressors", "feedback"},
    "reducer": {"core", "comm", "cuda", "compressors", "feedback", "adaptive", "collectives"},
    "optim": {"core", "comm", "compressors", "feedback", "adaptive", "collectives", "reducer"},
}
# What other modules of the library may know of these two; the rest is one algorithm per header.
SEAMS = {
    "compressors": {"message.h", "linear.h", "decoded.h", "entries.h", "guarantee.h", "registry.h",
                    "device_message.h", "device_source.h", "device_linear.h"},
    "feedback": {"feedback.h", "registry.h", "device_feedback.h"},
}
# Beyond the seam: loops over vectors and matrices, which what foretells a compressor shares with it.
LOOPS = {
    ("adaptive", "compressors"): {"collect.h", "even_levels.h", "mask.h", "orthonormalise.h",
                                  "skinny.h"},
    ("feedback", "compressors"): {"device_source.cuh"},
    ("collectives", "compressors"): {"device_sweep.cuh", "rounding.cuh"},
}
# Headers of other libraries: whose back end they are, and the files that may include them.
HOMES = {
    "mpi.h": ("MPI", ("lib/mpi/", "lib/preload/", "tests/mpi/", "tests/support/mpi_")),
    "nccl.h": ("NCCL", ("lib/nccl/", "lib/preload/", "tests/nccl/")),
}

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
_STANDARD = re.compile(r"[a-z_]+")


def module_of(path):
    """The module whose folder holds this file, or None."""
    folder = path.parent
    while folder != pathlib.Path("."):
        if folder.as_posix() in sources.PUBLISHED:
            return folder.name
        folder = folder.parent
    return None


def is_public(path):
    return path.suffix == ".h" and path.parent.as_posix() in sources.PUBLISHED


def check_pith(path, target):
    """<pith/...> may name a module that lies below, and only its seam."""
    parts = target.split("/")
    if len(parts) != 3 or parts[1] not in ALLOWED:
        return f"<{target}> is not <pith/MODULE/file.h>"
    mine, (_, module, header) = module_of(path), parts
    if mine is None or mine == module:
        return None
    if module not in ALLOWED[mine]:
        return f"{mine} must not depend on {module}"
    seam = SEAMS.get(module, {header}) | LOOPS.get((mine, module), set())
    if header not in seam:
        return f"{mine} must not see {module}/{header}, which is no part of the seam"
    return None


def check_angle(path, target):
    if target.startswith("pith/"):
        return check_pith(path, target)
    if target in HOMES:
        library, homes = HOMES[target]
        if not path.as_posix().startswith(homes):
            return f"only the {library} back end includes <{target}>"
        if target == "mpi.h":
            return None
    if is_public(path) and not _STANDARD.fullmatch(target):
        return f"public headers include only the standard library and pith, not <{target}>"
    return None


def check_quoted(root, path, target):
    """Quotes are for private files of the same top folder; tests also see what they mirror."""
    root = pathlib.Path(root).resolve()
    tops = path.parts[:2] if path.parts[0] == "tests" else path.parts[:1]
    for folder in (path.parent, *tops):
        found = (root / folder / target).resolve()
        if found.is_file() and found.is_relative_to(root):
            found = found.relative_to(root)
            if is_public(found):
                return f'"{target}" is public: write <pith/{module_of(found)}/{found.name}>'
            if found.parts[0] in tops and module_of(found) == module_of(path):
                return None
            return f'"{target}" belongs to {found.parent}'
    return f'"{target}" is not a private file of {tops[0]}'


def check_file(root, path):
    text = sources.text(root, path) or ""
    for quote, target in _INCLUDE.findall(text):
        problem = check_angle(path, target) if quote == "<" else check_quoted(root, path, target)
        if problem:
            yield f"{path}: {problem}"


def violations(root):
    return [problem for path in sources.code(root) for problem in check_file(root, path)]


if __name__ == "__main__":
    sys.exit(sources.report(violations(sys.argv[1])))
