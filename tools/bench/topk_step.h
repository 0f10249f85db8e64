// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace pith {
class Communicator;
}

namespace pith::bench {

/// Elements of a gradient, and how many of them a step sends.
struct TopKCase {
  std::size_t elements = 0;
  std::size_t kept = 0;
};

/// One rank's step of top-k under error feedback:
///
///   u = g + e,  the k largest |u| are sent with their places,  e = u without them
class TopKStep {
 public:
  virtual ~TopKStep() = default;

  virtual void step(std::span<const float> gradient) = 0;

  virtual std::span<const float> residual() const = 0;
};

/// This library's, as an exchange calls it: rule, selection, and coding into wire bytes, which the
/// others leave out.
std::unique_ptr<TopKStep> make_pith_step(const TopKCase& topk, Communicator& alone);

/// std::nth_element over the elements' indices by their magnitudes.
std::unique_ptr<TopKStep> make_indices_step(const TopKCase& topk);

/// std::nth_element over a copy of the magnitudes, which gives the smallest that is kept, and a
/// pass that collects.
std::unique_ptr<TopKStep> make_copy_step(const TopKCase& topk);

/// LibTorch's operators on one thread. Null if it was not found when this was built.
std::unique_ptr<TopKStep> make_torch_step(const TopKCase& topk);

/// What the module with LibTorch exports.
using TorchStepMaker = TopKStep*(const TopKCase&);
inline constexpr const char* kTorchStepMaker = "pith_bench_make_torch_step";

}  // namespace pith::bench
