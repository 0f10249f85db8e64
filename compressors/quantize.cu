// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_block_message.cuh>
#include <pith/compressors/device_registry.h>
#include <pith/compressors/even_levels.h>
#include <pith/compressors/qsgd.h>
#include <pith/compressors/quantize.h>
#include <pith/core/error.h>

namespace pith {
namespace {

using Limits = std::numeric_limits<float>;

struct MinMax {
  struct Statistics {
    float unit;
    float min;
  };

  static constexpr bool kDraws = true;
  unsigned bits;
  Rounding rounds;

  constexpr unsigned width() const { return bits; }
  constexpr Rounding rounding() const { return rounds; }
  constexpr std::uint32_t levels() const { return (1u << bits) - 1; }
  constexpr float top() const { return static_cast<float>(levels()); }

  // A sum with 0 is never -0, whichever zero was found.
  template <class Elements>
  __device__ Statistics measure(Elements& x) const {
    const DeviceExtremes found = extremes(x, [](float v) { return v; });
    const float min = found.min + 0.0f;
    const float max = found.max + 0.0f;
    if (min == max) return {0, min};
    const float largest =
        (Limits::max() - std::max(min, 0.0f)) / top() * (1 - 4 * Limits::epsilon());
    return {std::clamp((max - min) / top(), Limits::denorm_min(), largest), min};
  }

  __device__ std::uint32_t code(float x, const Statistics& bucket, const auto& point,
                                std::uint64_t index) const {
    if (!(bucket.unit > 0)) return 0;
    if (rounds == Rounding::stochastic) {
      const float level = round_at((x - bucket.min) / bucket.unit, point.at(index));
      return static_cast<std::uint32_t>(std::min(top(), level)) & levels();
    }
    const float inverse = 1 / bucket.unit;
    const bool exact = std::isfinite(inverse);
    const float above = x - bucket.min;
    return level_at(exact ? above * inverse : above / bucket.unit, top()) & levels();
  }

  __device__ float value(std::uint32_t code, const Statistics& bucket) const {
    return bucket.min + bucket.unit * static_cast<float>(code);
  }

  __device__ bool valid(const Statistics& bucket) const {
    return bucket.unit >= 0 && std::isfinite(bucket.min) &&
           std::isfinite(bucket.min + bucket.unit * top());
  }
};

// The same levels around 0, which is one of them; what lies beyond counts as the last one.
struct Deviation : MinMax {
  template <class Elements>
  __device__ Statistics measure(Elements& x) const {
    const double square = squared_norm(x) / static_cast<double>(x.size());
    if (!(square > 0)) return {0, 0};
    const float largest = Limits::max() / top() * (1 - 4 * Limits::epsilon());
    const float unit =
        std::clamp(to_finite<float>(8 * std::sqrt(square)) / top(), Limits::denorm_min(), largest);
    return {unit, -unit * static_cast<float>(levels() / 2)};
  }

  __device__ std::uint32_t code(float x, const Statistics& bucket, const auto& point,
                                std::uint64_t index) const {
    return MinMax::code(std::max(x, bucket.min), bucket, point, index);
  }
};

// The population's, about the mean; in the elements' order, by one thread.
template <class Elements>
__device__ double standard_deviation(Elements& x) {
  const auto count = static_cast<double>(x.size());
  const double mean = striped_sum<1>(x, [](float v) { return static_cast<double>(v); }) / count;
  const double squares = striped_sum<1>(x, [=](float v) {
    return (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  });
  return std::sqrt(squares / count);
}

// The host's, but for how a bucket is measured.
struct DeviceQsgd : Qsgd<float> {
  using Qsgd<float>::Qsgd;
  static constexpr bool kDraws = true;

  template <class Elements>
  __device__ Statistics measure(Elements& x) const {
    const float largest = extremes(x, [](float v) { return std::abs(v); }).max;
    const float root = scale().largest ? 0.0f : to_finite<float>(std::sqrt(squared_norm(x)));
    const float norm = std::max(root, largest);
    if (scale().clip == 0) return {norm};
    const float most = to_finite<float>(scale().clip * standard_deviation(x));
    return {most > 0 ? std::min(norm, most) : norm};
  }

  __device__ std::uint32_t code(float x, const Statistics& bucket, const auto& point,
                                std::uint64_t index) const {
    return Qsgd<float>::code(x, bucket, point, index) & (2 * sign() - 1);
  }
};

}  // namespace

std::unique_ptr<DeviceMessageCompressor> make_device_quantize(const Spec& spec) {
  auto host = make_quantize<float>(spec);
  const QuantizeSettings settings = quantize_settings(spec);
  if (settings.elias) throw UsageError(spec.text() + ": coding=elias has no device version");
  const auto made = [&](const auto& scheme) -> std::unique_ptr<DeviceMessageCompressor> {
    return std::make_unique<DeviceBlockMessage<std::remove_cvref_t<decltype(scheme)>>>(
        std::move(host), scheme, settings.bucket);
  };
  if (settings.range == "minmax") return made(MinMax{settings.bits, settings.rounding});
  if (settings.range == "deviation") return made(Deviation{{settings.bits, settings.rounding}});
  return made(DeviceQsgd(settings.bits, settings.levels, settings.rounding, settings.scale));
}

}  // namespace pith
