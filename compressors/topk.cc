// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/compressors/largest.h>
#include <pith/compressors/sparse_message.h>
#include <pith/compressors/topk.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

template <Element T>
class Largest final : public Selector<T> {
 public:
  Largest(double density, std::uint64_t k) : density_(density), k_(k) {}

  std::size_t most(std::size_t n) const override {
    if (k_ > 0) return std::min<std::size_t>(k_, n);
    // Without the factor the rounding of density * n could ask for one element more.
    const double k = std::ceil(density_ * static_cast<double>(n) * (1 - 1e-12));
    return std::clamp<std::size_t>(static_cast<std::size_t>(k), n > 0 ? 1 : 0, n);
  }

  Entries<T> select(Source<T>& x, Scratch& scratch) const override {
    const std::size_t k = most(x.size());
    return k == 0 ? Entries<T>() : largest(x, k, scratch);
  }

  Guarantee guarantee(std::size_t n) const override {
    if (n == 0) return {1.0, 0.0, true};
    return {.contraction = static_cast<double>(most(n)) / static_cast<double>(n),
            .contraction_is_typical = true};
  }

 private:
  double density_;  // 0 if k_ holds
  std::uint64_t k_;
};

}  // namespace

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_topk(const Spec& spec,
                                               std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const double density = arguments.number("density", 0, 0, 1);
  const std::uint64_t k = arguments.integer("k", 0, 1, 0xffffffffu);
  if ((density > 0) == (k > 0)) {
    throw UsageError(spec.text() + ": give density or k" + (k > 0 ? ", not both" : ""));
  }
  return make_sparse<T>(spec, arguments, std::make_unique<Largest<T>>(density, k),
                        std::move(second));
}

template std::unique_ptr<SparseCompressor<float>> make_topk(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<SparseCompressor<double>> make_topk(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
