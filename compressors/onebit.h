// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// The arguments of onebit.
struct OnebitSettings {
  std::size_t block;
  std::string scale;
};
OnebitSettings onebit_settings(const Spec& spec);

/// onebit(block=4096,scale=l1): signs, and one scale per block of elements.
///
///   bit = !(x < 0)           so +0 and -0 are positive
///   scale = mean |x|         (l1) over the block
///   scale = ||x|| / sqrt(b)  (l2) for b elements in the block
///   decoded: scale if bit, else -scale
///
/// Or two values per block, as 1-bit SGD sends for every column of a matrix:
///
///   scale=sides       bit = !(x < 0), low, high = mean of the x below 0, of the others; none: 0
///   scale=deviation   bit = !(x < m), low, high = m - d, m + d; m = mean x, d = mean |x - m|
///   decoded: high if bit, else low
///
/// sides keeps the sum of a block.
///
/// Wire     T scale[blocks touched], or {T low, T high}, then one bit per element, zero padding.
/// Error    l1: ||x - decode(x)||^2 = (1 - alpha) ||x||^2 with alpha = ||x||_1^2 / (b ||x||^2) per
///          block, so contraction 1 / min(block, n), reached where one element is not zero.
///          l2: no contraction: a block with one element that is not zero has an error of almost
///          2 ||x||^2. For comparison only.
///          sides: contraction 1 / min(block, n), deviation: 2 / min(block, n) and exact up to two
///          elements; both are reached.
/// Bias     deterministic, so biased: use under error feedback.
/// Cost     one read of x, two passes over each block in the cache; no scratch.
/// Throws   open: WireError for a wrong length, padding, a scale that is negative, values that are
///          not in order, or what is not finite.
/// Source   Seide et al. 2014, "1-Bit Stochastic Gradient Descent"; the l1 scale: Karimireddy et
///          al. 2019, "Error Feedback Fixes SignSGD", arXiv:1901.09847; the l2 scale: Tang et al.
///          2021, "1-bit Adam", arXiv:2102.02888.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_onebit(const Spec& spec);

}  // namespace pith
