// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include <pith/core/curve.h>
#include <pith/core/element.h>
#include <pith/core/spec.h>
#include <pith/reducer/choice.h>

namespace pith {

/// What one way to travel costs on this rank besides the link, as functions of a unit's elements.
struct CodecTimes {
  Curve encode;      ///< seconds: compose, encode, commit; all there is in the sparse exchange
  Curve decode;      ///< seconds: the mean of one message, or the reconstruction
  Curve decode_all;  ///< seconds: the mean of as many messages as there are ranks
  Curve bytes;       ///< of a message; not for linear ones and raw, whose bytes are known
};

/// Measures on Gaussian numbers, once for every way, rule and type, at sizes 64 times apart from 64
/// numbers to what fills a bucket (rounded up to the square of a power of two), or 16 million.
/// Where bytes or times depend on the numbers, as those of threshold do, they are those of such
/// numbers.
///
/// Cost     up to half a second each at the largest.
/// Memory   at the largest about 6 vectors of it while it measures; the ranks of a node all at
///          once.
class CodecMeter {
 public:
  CodecMeter(std::size_t ranks, std::size_t largest_elements);

  const CodecTimes& of(const Choice& choice, const Spec& feedback, ElementType type);

 private:
  std::size_t ranks_;
  std::size_t largest_;
  std::map<std::string, CodecTimes> known_;
};

}  // namespace pith
