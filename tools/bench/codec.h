// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <pith/comm/communicator.h>
#include <pith/core/element.h>
#include <pith/core/shape.h>
#include <pith/feedback/feedback.h>

#include "data.h"

namespace pith::bench {

/// What is coded, and how.
struct CodecCase {
  std::string compressor;
  std::string feedback;
  Shape shape;
  Commit commit = Commit::inplace;
  std::uint64_t seed = 0;
  std::size_t ranks = 1;  ///< payloads that are decoded into one mean
};

struct CodecSeconds {
  double encode = 0;
  double decode = 0;
};

/// What a checked step found.
struct CodecCheck {
  std::size_t wrong = 0;
  double relative_error = 0;  ///< ||composed - decoded|| / ||composed||
};

/// A compressor with its rule on one tensor, along the path that the exchanges take.
template <Element T>
class Codec {
 public:
  virtual ~Codec() = default;

  /// One step: composes, encodes and commits; decodes into a mean.
  virtual CodecSeconds step(std::span<const T> gradient) = 0;

  /// Of this rank's last message, without the head that a bucket's tensors share.
  virtual std::size_t payload_bytes() const = 0;

  /// One more step, which must give what plain calls of the rule and the compressor give.
  virtual CodecCheck check(std::span<const T> gradient) = 0;
};

/// For a compressor of the message kind: encode_bucket(), and the summation of `ranks` messages,
/// which are made here from as many steps.
template <Element T>
std::unique_ptr<Codec<T>> make_message_codec(const CodecCase& codec, const Gradients<T>& gradients,
                                             Communicator& alone);

/// For one of the linear kind: the linear exchange with itself. What averaging costs belongs to no
/// codec, and the reconstruction does not depend on the number of ranks.
template <Element T>
std::unique_ptr<Codec<T>> make_linear_codec(const CodecCase& codec, Communicator& alone);

}  // namespace pith::bench
