// SPDX-License-Identifier: Apache-2.0
#include "topk_step.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include <pith/collectives/encode.h>
#include <pith/compressors/registry.h>

#include "codec_parts.h"

namespace pith::bench {
namespace {

class PithStep final : public TopKStep {
 public:
  PithStep(const CodecCase& codec, Communicator& alone)
      : parts_(codec, alone),
        compressor_(make_message<float>(parse_pipeline(codec.compressor), codec.shape)) {
    parts_.unit.message = compressor_.get();
    parts_.unit.codec = codec_of(parse_pipeline(codec.compressor));
  }

  void step(std::span<const float> gradient) override {
    encode_bucket(parts_.begin_step(gradient), 1, parts_.round);
    parts_.end_step();
  }

  std::span<const float> residual() const override { return parts_.rule->states()[0].values; }

 private:
  CodecParts<float> parts_;
  std::unique_ptr<MessageCompressor<float>> compressor_;
};

/// Residual and what is sent in plain arrays, made once.
class ArrayStep : public TopKStep {
 public:
  explicit ArrayStep(const TopKCase& topk)
      : residual_(topk.elements), values_(topk.kept), places_(topk.kept) {}

  void step(std::span<const float> gradient) final {
    for (std::size_t i = 0; i < residual_.size(); ++i) residual_[i] += gradient[i];
    select();
    for (std::size_t j = 0; j < places_.size(); ++j) {
      values_[j] = std::exchange(residual_[places_[j]], 0.0f);
    }
  }

  std::span<const float> residual() const final { return residual_; }

 protected:
  /// Fills places_.
  virtual void select() = 0;

  std::vector<float> residual_;
  std::vector<float> values_;
  std::vector<std::uint32_t> places_;
};

class IndicesStep final : public ArrayStep {
 public:
  explicit IndicesStep(const TopKCase& topk) : ArrayStep(topk), indices_(topk.elements) {}

 private:
  // In ascending order to begin with: left as the last step had them, they would be read all over
  // memory.
  void select() override {
    std::iota(indices_.begin(), indices_.end(), 0u);
    const auto kept = indices_.begin() + static_cast<std::ptrdiff_t>(places_.size());
    std::ranges::nth_element(indices_, kept, std::greater{},
                             [&](std::uint32_t i) { return std::abs(residual_[i]); });
    std::copy(indices_.begin(), kept, places_.begin());
  }

  std::vector<std::uint32_t> indices_;
};

class CopyStep final : public ArrayStep {
 public:
  explicit CopyStep(const TopKCase& topk) : ArrayStep(topk), magnitudes_(topk.elements) {}

 private:
  void select() override {
    for (std::size_t i = 0; i < residual_.size(); ++i) magnitudes_[i] = std::abs(residual_[i]);
    const auto last = magnitudes_.begin() + static_cast<std::ptrdiff_t>(places_.size()) - 1;
    std::ranges::nth_element(magnitudes_, last, std::greater{});
    const float least = *last;
    auto equal = static_cast<std::size_t>(std::count(magnitudes_.begin(), last + 1, least));
    std::size_t j = 0;
    for (std::uint32_t i = 0; j < places_.size(); ++i) {
      const float magnitude = std::abs(residual_[i]);
      const bool tie = magnitude == least && equal > 0;
      if (tie) --equal;
      if (tie || magnitude > least) places_[j++] = i;
    }
  }

  std::vector<float> magnitudes_;
};

}  // namespace

std::unique_ptr<TopKStep> make_pith_step(const TopKCase& topk, Communicator& alone) {
  const CodecCase codec{.compressor = "topk(k=" + std::to_string(topk.kept) + ")",
                        .feedback = "ef14",
                        .shape = Shape::flat(topk.elements)};
  return std::make_unique<PithStep>(codec, alone);
}

std::unique_ptr<TopKStep> make_indices_step(const TopKCase& topk) {
  return std::make_unique<IndicesStep>(topk);
}

std::unique_ptr<TopKStep> make_copy_step(const TopKCase& topk) {
  return std::make_unique<CopyStep>(topk);
}

}  // namespace pith::bench
