// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_block_message.cuh>
#include <pith/compressors/device_registry.h>
#include <pith/compressors/onebit.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

struct ScaledSign {
  struct Statistics {
    float scale;
  };

  bool l2;

  static constexpr bool kDraws = false;
  constexpr unsigned width() const { return 1; }
  constexpr Rounding rounding() const { return Rounding::nearest; }

  template <class Elements>
  __device__ Statistics measure(Elements& x) const {
    const auto count = static_cast<double>(x.size());
    const double sum = l2 ? squared_norm(x) : absolute_sum(x);
    return {to_finite<float>(l2 ? std::sqrt(sum / count) : sum / count)};
  }

  __device__ std::uint32_t code(float x, const Statistics&, const auto&, std::uint64_t) const {
    return x < 0 ? 0 : 1;
  }

  __device__ bool valid(const Statistics& block) const {
    return block.scale >= 0 && std::isfinite(block.scale);
  }

  __device__ float value(std::uint32_t code, const Statistics& block) const {
    return code == 0 ? -block.scale : block.scale;
  }
};

// A mean for each side of the threshold. All sums are in the elements' order, by one thread.
struct Sides {
  struct Statistics {
    float low;
    float high;
  };

  bool at_mean;

  static constexpr bool kDraws = false;
  constexpr unsigned width() const { return 1; }
  constexpr Rounding rounding() const { return Rounding::nearest; }

  template <class Elements>
  __device__ Statistics measure(Elements& x) const {
    return at_mean ? around_mean(x) : around_zero(x);
  }

  __device__ std::uint32_t code(float x, const Statistics& block, const auto&,
                                std::uint64_t) const {
    const float threshold = at_mean ? block.low / 2 + block.high / 2 : 0.0f;
    return x < threshold ? 0 : 1;
  }

  __device__ float value(std::uint32_t code, const Statistics& block) const {
    return code == 0 ? block.low : block.high;
  }

  __device__ bool valid(const Statistics& block) const {
    return block.low <= block.high && std::isfinite(block.low) && std::isfinite(block.high);
  }

 private:
  template <class Elements>
  __device__ static Statistics around_zero(Elements& x) {
    const double low =
        striped_sum<1>(x, [](float v) { return v < 0 ? static_cast<double>(v) : 0; });
    const double high =
        striped_sum<1>(x, [](float v) { return v < 0 ? 0 : static_cast<double>(v); });
    const double below = striped_sum<16>(x, [](float v) { return v < 0 ? 1.0 : 0.0; });
    const double others = static_cast<double>(x.size()) - below;
    return {to_finite<float>(low / std::max(1.0, below)),
            to_finite<float>(high / std::max(1.0, others))};
  }

  template <class Elements>
  __device__ static Statistics around_mean(Elements& x) {
    const auto count = static_cast<double>(x.size());
    const double mean = striped_sum<1>(x, [=](float v) { return static_cast<double>(v) / count; });
    const double deviation = striped_sum<1>(
        x, [=](float v) { return std::abs(static_cast<double>(v) / count - mean / count); });
    return {to_finite<float>(mean - deviation), to_finite<float>(mean + deviation)};
  }
};

}  // namespace

std::unique_ptr<DeviceMessageCompressor> make_device_onebit(const Spec& spec) {
  auto host = make_onebit<float>(spec);
  const OnebitSettings settings = onebit_settings(spec);
  const std::string& scale = settings.scale;
  if (scale == "l1" || scale == "l2") {
    return std::make_unique<DeviceBlockMessage<ScaledSign>>(
        std::move(host), ScaledSign{scale == "l2"}, settings.block);
  }
  return std::make_unique<DeviceBlockMessage<Sides>>(std::move(host), Sides{scale == "deviation"},
                                                     settings.block);
}

}  // namespace pith
