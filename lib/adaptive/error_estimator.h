// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/random.h>
#include <pith/core/scratch.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// What a candidate would do to one tensor in one step.
struct Estimate {
  double squared_error = 0;  ///< ||x - decode(encode(x))||^2, its mean where numbers are drawn
  double bytes = 0;          ///< of its message, or of its factors
};

/// A step that is to be looked at.
struct Look {
  std::size_t elements = 0;  ///< that add() will be given, about
  RandomKey key;
};

/// What was seen of a tensor in a step.
struct Seen {
  double scale = 1;         ///< elements of the tensor over those seen
  double squared_norm = 0;  ///< of the whole tensor, estimated by scale
};

/// Estimates the errors of all candidates of one family at once. A step is begin(), add() of runs,
/// end(); what begin() takes from `scratch` is there until then. All elements are finite.
template <Element T>
class ErrorEstimator {
 public:
  virtual ~ErrorEstimator() = default;

  /// Runs begin and end at multiples of so many elements; kWholeTensor: there is one, of all.
  virtual std::size_t block() const = 0;

  virtual void begin(const Look& look, Scratch& scratch) = 0;

  /// x[0] has the index `first`.
  virtual void add(std::span<const T> x, std::size_t first) = 0;

  /// Writes the estimates of its candidates to their places.
  virtual void end(const Seen& seen, std::span<Estimate> all) = 0;
};

inline constexpr std::size_t kWholeTensor = std::numeric_limits<std::size_t>::max();

/// A pipeline and its place among all candidates.
struct PlacedPipeline {
  Pipeline pipeline;
  std::size_t place = 0;
};

/// Removes the candidates that `wanted` holds for from `left`, and returns them.
template <class Wanted>
std::vector<PlacedPipeline> take_pipelines(std::vector<PlacedPipeline>& left, Wanted wanted) {
  const auto rest = std::stable_partition(left.begin(), left.end(),
                                          [&](const PlacedPipeline& one) { return !wanted(one); });
  std::vector<PlacedPipeline> taken(std::make_move_iterator(rest),
                                    std::make_move_iterator(left.end()));
  left.erase(rest, left.end());
  return taken;
}

// Each takes the candidates of its family from `left`, and adds an estimator for them if there are
// any. They are valid for the shape.
template <Element T>
using Estimators = std::vector<std::unique_ptr<ErrorEstimator<T>>>;

/// none, identity and randomk: a share of ||x||^2.
template <Element T>
void add_share_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out);

/// topk, threshold, cast and natural: from a histogram of the magnitudes.
template <Element T>
void add_histogram_errors(std::vector<PlacedPipeline>& left, const Shape& shape,
                          Estimators<T>& out);

/// quantize: from the range of each bucket.
template <Element T>
void add_level_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out);

/// onebit: from the sums of each block.
template <Element T>
void add_sign_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out);

/// lowrank and acp: from one subspace of the largest rank.
template <Element T>
void add_subspace_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out);

/// All others: by encoding and decoding them, one by one.
template <Element T>
void add_measured_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out);

}  // namespace pith
