// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/shape.h>
#include <pith/feedback/feedback.h>

#include "collective.h"
#include "ranks.h"

namespace pith::bench {

/// What every command takes.
struct Options {
  std::vector<Shape> shapes;  ///< from -b, -e and -f, --shape or --layers
  std::size_t threads = 1;    ///< of a rank, for its codecs
  std::size_t iterations = 20;
  std::size_t warm_up = 5;
  std::size_t checks = 1;
  bool whole_model = false;  ///< the shapes are those of one model's layers
  std::string json;          ///< empty: none is written
  std::vector<std::string> compressors;
  std::vector<std::string> feedbacks;
  std::uint64_t seed = 0;
  ElementType type = ElementType::float32;
  std::string parameters;  ///< all of them, for the header
  std::string help;        ///< the text to print if it was asked for
};

struct CodecOptions : Options {
  bool device = false;    ///< on the current CUDA device instead of the host
  std::size_t ranks = 4;  ///< payloads that are decoded into one mean
  Commit commit = Commit::inplace;
  std::vector<std::string> data;
  std::optional<double> floor_ratio;  ///< largest of_residual_add allowed
};

struct CollectiveOptions : Options {
  Collective collective = Collective::all_reduce;
  std::vector<std::string> exchanges;  ///< of allreduce; the others have one way each
  Ranks ranks;
  std::optional<double> min_effx;  ///< smallest effx allowed
};

/// Reads the command line of `codec`, and of the collectives.
/// Throws   UsageError with the option and its value; also for specs of compressors and rules.
CodecOptions parse_codec_options(int argc, const char* const* argv);
CollectiveOptions parse_collective_options(int argc, const char* const* argv,
                                           Collective collective);

}  // namespace pith::bench
