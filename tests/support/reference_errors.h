// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include <pith/compressors/linear.h>
#include <pith/compressors/message.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith::test {

/// What a compressor did to a tensor.
struct Loss {
  double squared_error = 0;  ///< ||x - decode(encode(x))||^2
  double bytes = 0;          ///< of the message, or of the factors
};

/// Encodes and decodes tensor after tensor, each step committed: what estimates are compared with.
template <Element T>
class ReferenceError {
 public:
  ReferenceError(const Pipeline& pipeline, const Shape& shape);

  Loss measure(std::span<const T> x, const RandomKey& key);

 private:
  double send_message(std::span<const T> x, const RandomKey& key, std::span<T> rest);
  double send_factors(std::span<const T> x, const RandomKey& key, std::span<T> rest);

  std::unique_ptr<MessageCompressor<T>> message_;  // or else
  std::unique_ptr<LinearCompressor<T>> linear_;    // or neither: `none`
  Scratch scratch_;
};

}  // namespace pith::test
