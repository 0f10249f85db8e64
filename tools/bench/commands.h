// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pith::bench {

/// The commands of pith-bench. argv[0] is the command's name. Each prints its table and returns the
/// exit code.
/// Throws   UsageError for what the command line says; Error if the measurement fails.
int run_codec(int argc, char** argv);
int run_all_reduce(int argc, char** argv);
int run_reduce_scatter(int argc, char** argv);
int run_all_gather(int argc, char** argv);
int run_automatic(int argc, char** argv);
int run_lowrank(int argc, char** argv);
int run_overlap(int argc, char** argv);
int run_solver(int argc, char** argv);
int run_topk(int argc, char** argv);

}  // namespace pith::bench
