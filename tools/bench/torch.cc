// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "topk_step.h"

namespace pith::bench {
namespace {

class TorchStep final : public TopKStep {
 public:
  explicit TorchStep(const TopKCase& topk)
      : elements_(static_cast<std::int64_t>(topk.elements)),
        kept_(static_cast<std::int64_t>(topk.kept)),
        residual_(at::zeros({elements_})) {
    at::set_num_threads(1);
  }

  // Unsorted, and without a trace for autograd: each would only make it slower.
  void step(std::span<const float> gradient) override {
    const c10::InferenceMode inference;
    residual_.add_(at::from_blob(const_cast<float*>(gradient.data()), {elements_}));
    places_ = std::get<1>(residual_.abs().topk(kept_, -1, true, false));
    values_ = residual_.gather(0, places_);
    residual_.index_fill_(0, places_, 0);
  }

  std::span<const float> residual() const override {
    return {residual_.data_ptr<float>(), static_cast<std::size_t>(elements_)};
  }

 private:
  std::int64_t elements_;
  std::int64_t kept_;
  at::Tensor residual_;
  at::Tensor values_;
  at::Tensor places_;
};

}  // namespace

}  // namespace pith::bench

extern "C" pith::bench::TopKStep* pith_bench_make_torch_step(const pith::bench::TopKCase& topk) {
  return new pith::bench::TorchStep(topk);
}
