// SPDX-License-Identifier: Apache-2.0
#include "specs.h"

#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/feedback/registry.h>

namespace pith::bench {

Kind kind_of(const std::string& compressor) {
  const Pipeline pipeline = parse_pipeline(compressor);
  if (pipeline.size() == 1 && pipeline.front().name == "none") return Kind::none;
  const bool message = pith::compressor(pipeline.front().name).message;
  const Shape shape{64, 64};
  if (message) {
    make_message<float>(pipeline, shape);
  } else {
    make_linear<float>(pipeline, shape);
  }
  return message ? Kind::message : Kind::linear;
}

void check_feedback(const std::string& feedback) {
  make_feedback<float>(parse_spec(feedback), 1, Commit::step);
}

}  // namespace pith::bench
