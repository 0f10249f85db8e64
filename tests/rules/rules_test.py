#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants violations in a temporary tree and expects the checks to see each of them."""

import pathlib
import tempfile
import unittest

import check_dependencies
import check_first_shards
import check_tree
import sources

HEADER = check_tree.SPDX + "\n#pragma once\n"


class Planted(unittest.TestCase):
    """Runs each test in an empty tree of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def plant(self, name, text=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Dependencies(Planted):
    def problem_of(self, name, include):
        """What the check says of a file with this include and no other; empty if nothing."""
        self.plant(name, f"#include {include}\n")
        return "\n".join(check_dependencies.check_file(self.root, pathlib.Path(name)))

    def assert_allowed(self, name, include):
        self.assertEqual(self.problem_of(name, include), "")

    def assert_refused(self, name, include, why):
        self.assertIn(f"{name}: ", self.problem_of(name, include))
        self.assertIn(why, self.problem_of(name, include))

    def test_every_module_reaches_exactly_what_lies_below_it(self):
        homes = {pathlib.Path(folder).name: folder for folder in sources.PUBLISHED}
        self.assertEqual(set(homes), set(check_dependencies.ALLOWED))
        for mine, home in homes.items():
            for module in homes:
                include = f"<pith/{module}/registry.h>"
                if module == mine or module in check_dependencies.ALLOWED[mine]:
                    self.assert_allowed(f"{home}/x.cc", include)
                else:
                    self.assert_refused(f"{home}/x.cc", include, f"must not depend on {module}")

    def test_a_compressor_never_sees_a_communicator(self):
        self.assert_refused("compressors/x.h", "<pith/comm/communicator.h>", "depend on comm")

    def test_a_communicator_never_sees_a_compressor(self):
        self.assert_refused("lib/comm/x.cc", "<pith/compressors/message.h>", "compressors")

    def test_nothing_below_the_reducer_includes_it(self):
        self.assert_refused("collectives/x.cc", "<pith/reducer/reducer.h>", "depend on reducer")

    def test_others_see_only_the_seam(self):
        self.assert_allowed("collectives/x.cc", "<pith/feedback/registry.h>")
        self.assert_refused("collectives/x.cc", "<pith/feedback/ef14.h>", "no part of the seam")
        self.assert_refused("lib/feedback/x.cc", "<pith/compressors/top_k.h>", "seam")

    def test_error_curves_share_loops_with_compressors(self):
        self.assert_allowed("lib/adaptive/x.cc", "<pith/compressors/skinny.h>")
        self.assert_refused("lib/adaptive/x.cc", "<pith/compressors/top_k.h>", "seam")
        self.assert_refused("lib/feedback/x.cc", "<pith/compressors/skinny.h>", "seam")

    def test_a_module_sees_all_of_itself(self):
        self.assert_allowed("compressors/x.cc", "<pith/compressors/top_k.h>")

    def test_only_the_mpi_back_end_includes_mpi(self):
        for name in ("lib/mpi/x.h", "tests/mpi/x.cc", "tests/support/mpi_main.h"):
            self.assert_allowed(name, "<mpi.h>")
        for name in ("lib/comm/x.cc", "examples/x.cc", "tools/x.cc", "tests/comm/x.cc"):
            self.assert_refused(name, "<mpi.h>", "only the MPI back end")

    def test_only_the_nccl_back_end_includes_nccl(self):
        for name in ("lib/nccl/x.cuh", "lib/nccl/x.cc", "tests/nccl/x.h"):
            self.assert_allowed(name, "<nccl.h>")
        for name in ("lib/comm/x.cc", "collectives/x.cc", "tests/comm/x.cc"):
            self.assert_refused(name, "<nccl.h>", "only the NCCL back end")
        self.assert_refused("lib/nccl/x.h", "<nccl.h>", "public headers")

    def test_public_headers_drag_in_no_other_library(self):
        self.assert_allowed("lib/core/x.cc", "<boost/endian.hpp>")
        self.assert_allowed("lib/core/x.h", "<string_view>")
        self.assert_refused("lib/core/x.h", "<boost/endian.hpp>", "public headers")
        self.assert_refused("lib/core/x.h", "<xxhash.h>", "public headers")

    def test_public_headers_are_spelled_with_their_module(self):
        self.plant("lib/core/y.h")
        self.assert_refused("lib/core/x.cc", '"y.h"', "write <pith/core/y.h>")
        self.assert_refused("tools/x.cc", '"../lib/core/y.h"', "write <pith/core/y.h>")
        self.assert_refused("tools/x.cc", "<pith/y.h>", "is not <pith/MODULE/file.h>")
        self.assert_refused("tools/x.cc", "<pith/lib/core/y.h>", "is not <pith/MODULE/file.h>")

    def test_quotes_stay_in_their_folder(self):
        self.plant("tools/bench/flags.h")
        self.plant("lib/core/parse/y.inc")
        self.assert_allowed("tools/x.cc", '"bench/flags.h"')
        self.assert_allowed("tools/bench/x.cc", '"flags.h"')
        self.assert_allowed("lib/core/x.cc", '"parse/y.inc"')
        self.assert_refused("examples/x.cc", '"../tools/bench/flags.h"', "belongs to tools/bench")
        self.assert_refused("lib/comm/x.cc", '"../core/parse/y.inc"', "belongs to lib/core/parse")
        self.assert_refused("tests/x.cc", '"gone.h"', "not a private file")

    def test_tests_see_the_private_files_of_what_they_test(self):
        self.plant("tools/bench/flags.h")
        self.plant("tests/support/x.h")
        self.assert_allowed("tests/tools/x.cc", '"bench/flags.h"')
        self.assert_allowed("tests/tools/x.cc", '"support/x.h"')
        self.assert_refused("tests/examples/x.cc", '"bench/flags.h"', "not a private file")


    def test_the_whole_tree_is_searched(self):
        self.plant("tests/deep/er/x.cc", "#include <mpi.h>\n")
        self.assertEqual(len(check_dependencies.violations(self.root)), 1)


class Tree(Planted):
    def problems(self):
        """Violations other than missing files."""
        return [p for p in check_tree.violations(self.root) if not p.endswith("is missing")]

    def test_a_missing_file_is_named(self):
        self.assertIn("LICENSE is missing", check_tree.violations(self.root))
        self.plant("LICENSE")
        self.assertNotIn("LICENSE is missing", check_tree.violations(self.root))

    def test_headers_begin_with_licence_and_guard(self):
        self.plant("lib/core/good.h", HEADER)
        self.assertEqual(self.problems(), [])
        self.plant("lib/core/bad.h", "#pragma once\n")
        self.assertEqual(len(self.problems()), 2)

    def test_a_file_has_at_most_400_lines(self):
        self.plant("docs/x.md", "x\n" * 400)
        self.assertEqual(self.problems(), [])
        self.plant("docs/x.md", "x\n" * 401)
        self.assertEqual(self.problems(), ["docs/x.md: 401 lines, more than 400"])

    def test_a_line_of_code_has_at_most_100_columns(self):
        self.plant("lib/core/x.h", HEADER + "/" * 100 + "\n")
        self.assertEqual(self.problems(), [])
        self.plant("lib/core/x.h", HEADER + "/" * 101 + "\n")
        self.assertEqual(self.problems(), ["lib/core/x.h:3: 101 columns, more than 100"])

    def test_nothing_refers_to_the_machine_it_was_written_on(self):
        for path in ("/" + "work/x", "/" + "root/.x", "`/" + "home/x`", "../sha" + "red/x.md"):
            self.plant("docs/x.md", f"see {path}\n")
            self.assertEqual(len(self.problems()), 1, path)
        self.plant("docs/x.md", "https://example.org/home/x is shared by all\n")
        self.assertEqual(self.problems(), [])

    def test_build_folders_are_not_looked_at(self):
        self.plant("build/release/x.h")
        self.plant("out/CMakeCache.txt")
        self.plant("out/x.h")
        self.assertEqual(self.problems(), [])


class FirstShards(unittest.TestCase):
    LISTED = "\n".join(
        ["Running main()", "Summary.", "  Holds", "  DISABLED_Leaks", "All/Combination."]
        + [
            f"  Holds/{n}  # GetParam() = {text}"
            for n, text in enumerate(
                [
                    "none over raw with none",
                    "topk(density=0.1)|cast(fp16) over gather with ef14",
                    "onebit over raw with ef21",
                    "topk(density=0.1,values=randomk(seed=1)) over gather with ef14",
                ]
            )
        ]
    )

    def test_kinds_are_names_without_arguments(self):
        self.assertEqual(
            check_first_shards.kinds(check_first_shards.parameters(self.LISTED)),
            set("none topk cast onebit over raw gather with ef14 ef21".split()),
        )

    def test_what_no_first_shard_has_is_named(self):
        self.assertEqual(
            check_first_shards.missing([(self.LISTED, 2)]), {"none", "onebit", "raw", "ef21"})
        self.assertEqual(check_first_shards.missing([(self.LISTED, 1)]), set())

    def test_programs_stand_for_each_other(self):
        both = [(self.LISTED, 2), ("  H  # GetParam() = none over raw with ef21", 5)]
        self.assertEqual(check_first_shards.missing(both), {"onebit"})


if __name__ == "__main__":
    unittest.main()
