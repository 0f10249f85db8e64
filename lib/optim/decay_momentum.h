// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/state.h>

namespace pith {

struct DecayOptions {
  double weight_decay = 0;  ///< d >= 0
  double momentum = 0;      ///< m, 0 <= m < 1: that of the rule
  bool nesterov = false;    ///< as the rule's
};

/// Weight decay of a tensor whose estimate carries momentum already (feedback dgc): it is added
/// after the exchange, with a momentum of its own, which is the same on all ranks. Added to the
/// gradients instead, it would be compressed, and each rank would send it at another time.
///
///   b' = m b + d w,   estimate += b'              nesterov: estimate += d w + m b'
///
/// Once per tensor and step that counts, with all ranks' w alike.
///
/// State    b: n elements, replicated.
/// Throws   UsageError for numbers out of range; add() for spans of other lengths.
/// Source   Lin, Han, Mao, Wang, Dally 2018, arXiv:1712.01887, as its authors' code has it.
template <Element T>
class DecayMomentum {
 public:
  DecayMomentum(std::size_t n, const DecayOptions& options);

  void add(std::span<const T> weights, std::span<T> estimate);

  /// b, named "decay_momentum", for checkpoints.
  StateView<T> state();

 private:
  std::vector<T> momentum_;
  DecayOptions options_;
};

}  // namespace pith
