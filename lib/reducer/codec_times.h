// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include <pith/core/curve.h>
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

/// Measures on Gaussian numbers, once for every way and rule, at sizes 64 times apart from 4,096
/// numbers to those of the largest unit or 16 million. Up to half a second each at the largest.
class CodecMeter {
 public:
  CodecMeter(std::size_t ranks, std::size_t largest_elements);

  const CodecTimes& of(const Choice& choice, const Spec& feedback);

 private:
  std::size_t ranks_;
  std::size_t largest_;
  std::map<std::string, CodecTimes> known_;
};

}  // namespace pith
