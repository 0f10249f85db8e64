// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// natural: natural compression, every element rounded to a power of two, stochastically.
///
///   |x| in [2^a, 2^(a+1)) becomes 2^(a+1) with probability |x| / 2^a - 1, else 2^a
///
/// Below the smallest normal number m the neighbours are 0 and m. At the top exponent, where
/// 2^(a+1) would be infinite, |x| becomes 2^a always.
///
/// Wire     sign and exponent field of T: 9 bits per float, 12 per double, least significant bit
///          first (the exponent in the lower bits), zero padding.
/// Bias     none, but at the top exponent. The mean is exact: the random numbers have as many bits
///          as the mantissa.
/// Error    variance 1/8 (reached at |x| = 4/3 2^a), so contraction 7/8, for elements that are 0 or
///          from m up to the top exponent; E (x - decode(x))^2 <= m^2 / 4 below m.
/// Cost     one pass and two random blocks per element; decoding reads the message twice.
/// Throws   open: WireError for a wrong length, padding, or an exponent of infinity or NaN.
/// Source   Horvath et al. 2019, "Natural Compression for Distributed Deep Learning",
///          arXiv:1905.10988.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_natural(const Spec& spec);

}  // namespace pith
