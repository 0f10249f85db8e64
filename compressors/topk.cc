// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/compressors/collect.h>
#include <pith/compressors/largest.h>
#include <pith/compressors/sparse_message.h>
#include <pith/compressors/topk.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>
#include <pith/core/random.h>

namespace pith {
namespace {

template <Element T>
class Largest final : public Selector<T> {
 public:
  Largest(double density, std::uint64_t k, double sample)
      : density_(density), k_(k), sample_(sample) {}

  std::size_t most(std::size_t n) const override {
    if (k_ > 0) return std::min<std::size_t>(k_, n);
    // Without the factor the rounding of density * n could ask for one element more.
    const double k = std::ceil(density_ * static_cast<double>(n) * (1 - 1e-12));
    return std::clamp<std::size_t>(static_cast<std::size_t>(k), n > 0 ? 1 : 0, n);
  }

  Entries<T> select(Source<T>& x, Scratch& scratch) const override {
    const std::size_t k = most(x.size());
    if (k == 0) return {};
    if (sample_ == 0) return largest(x, k, scratch);
    const SamplePlan plan = sample_plan(x.size(), k, sample_);
    return sampled_largest(x, k, plan, start_of(x, plan.stride), scratch);
  }

  Guarantee guarantee(std::size_t n) const override {
    if (n == 0) return {1.0, 0.0, true};
    if (sample_ > 0 && most(n) < n) return {};  // less than k may be kept
    return {.contraction = static_cast<double>(most(n)) / static_cast<double>(n),
            .contraction_is_typical = true};
  }

 private:
  // Another one in every step, although the same input gives the same message.
  static std::size_t start_of(const Source<T>& x, std::size_t stride) {
    T first;
    x.peek({0, 1}, std::span(&first, 1));
    return Random({}).below(stride, magnitude(first));
  }

  double density_;  // 0 if k_ holds
  std::uint64_t k_;
  double sample_;  // 0: exact
};

}  // namespace

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_topk(const Spec& spec,
                                               std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const double density = arguments.number("density", 0, 0, 1);
  const std::uint64_t k = arguments.integer("k", 0, 1, 0xffffffffu);
  const double sample = arguments.number("sample", 0, 0, 1);
  if ((density > 0) == (k > 0)) {
    throw UsageError(spec.text() + ": give density or k" + (k > 0 ? ", not both" : ""));
  }
  return make_sparse<T>(spec, arguments, std::make_unique<Largest<T>>(density, k, sample),
                        std::move(second));
}

template std::unique_ptr<SparseCompressor<float>> make_topk(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<SparseCompressor<double>> make_topk(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
