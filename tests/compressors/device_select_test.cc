// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include <pith/compressors/collect.h>
#include <pith/compressors/device_select.h>
#include <pith/compressors/largest.h>
#include <pith/cuda/graph.h>

#include "compressors/inputs.h"
#include "support/device.h"

namespace pith::test {
namespace {

using Floats = std::vector<float>;
using Indices = std::vector<std::uint32_t>;

// What a DeviceSource of some way of composing points to.
struct Input {
  Composing composing = Composing::gradient;
  Floats gradient;
  Floats own;
  Floats other;
};

constexpr Composing kComposings[] = {Composing::gradient, Composing::residual,
                                     Composing::difference, Composing::momentum,
                                     Composing::control};
constexpr float kScale = 0.75f;
constexpr float kStateScale = 0.9f;
constexpr float kEta = 0.3f;

Input input_of(Composing composing, const Floats& gradient) {
  const std::size_t n = gradient.size();
  return {composing, gradient, gaussian<float>(n, 5), gaussian<float>(n, 6)};
}

// u of element i, and the states when q was sent of it: by the formulas of device_source.h.
struct Element {
  float u, own, other;
};

Element element_of(const Input& x, std::size_t i, float q) {
  const float g = kScale * x.gradient[i];
  const float own = kStateScale * x.own[i];
  const float other = kStateScale * x.other[i];
  switch (x.composing) {
    case Composing::gradient:
      return {g, x.own[i], x.other[i]};
    case Composing::residual:
      return {g + own, (g + own) - q, x.other[i]};
    case Composing::difference:
      return {g - own, own + q, x.other[i]};
    case Composing::momentum: {
      const float average = (1 - kEta) * other + kEta * g;
      return {average - own, own + q, average};
    }
    case Composing::control:
      return {kEta * other + (g - own), own + q, (other + (g - own)) - q};
  }
  return {};
}

Floats composed(const Input& x) {
  Floats u(x.gradient.size());
  for (std::size_t i = 0; i < u.size(); ++i) u[i] = element_of(x, i, 0).u;
  return u;
}

// Entries, as bits, and the states that they leave.
struct Kept {
  Indices indices;
  Indices values;
  Indices own;
  Indices other;

  bool operator==(const Kept&) const = default;
};

Indices bits_of(const Floats& x) {
  Indices bits(x.size());
  std::ranges::transform(x, bits.begin(), [](float v) { return std::bit_cast<std::uint32_t>(v); });
  return bits;
}

Kept kept_of(const Input& x, const Indices& indices) {
  const Floats u = composed(x);
  Floats sent(u.size(), 0.0f);
  Floats values;
  for (const std::uint32_t i : indices) {
    values.push_back(u[i]);
    sent[i] += u[i];
  }
  Floats own(x.own);
  Floats other(x.other);
  for (std::size_t i = 0; i < u.size(); ++i) {
    const Element element = element_of(x, i, sent[i]);
    own[i] = element.own;
    other[i] = element.other;
  }
  return {indices, bits_of(values), bits_of(own), bits_of(other)};
}

Kept largest_on_host(const Input& x, std::size_t k) {
  Scratch scratch;
  const auto found = largest_plain<float>(composed(x), k, scratch);
  return kept_of(x, {found.begin(), found.end()});
}

enum class Next : bool { apart, in_place };

// A tensor on the device, and what works on it.
class OnDevice {
 public:
  explicit OnDevice(const Input& x, Next next = Next::apart)
      : n_(x.gradient.size()),
        gradient_(to_device(x.gradient, stream_)),
        own_(to_device(x.own, stream_)),
        other_(to_device(x.other, stream_)),
        next_own_(to_device(x.own, stream_)),
        next_other_(to_device(x.other, stream_)),
        fault_(to_device(std::vector<DeviceFault>(1), stream_)),
        next_(next) {
    source_ = {.composing = x.composing,
               .size = n_,
               .gradient = gradient_.span().data(),
               .gradient_scale = kScale,
               .state_scale = kStateScale,
               .eta = kEta,
               .own = own_.span().data(),
               .next_own = next_own().data(),
               .other = other_.span().data(),
               .next_other = next_other().data()};
  }

  Kept largest(DeviceLargest& finder, std::size_t k) {
    const DeviceEntries out = take_entries(k, scratch_);
    finder.find(source_, k, out, fault_.span().data(), scratch_, stream_);
    return kept(out);
  }

  Kept collected(DeviceLeast least, std::size_t room) {
    const DeviceEntries out = take_entries(room, scratch_);
    collect(source_, least, nullptr, out, fault_.span().data(), scratch_, stream_);
    return kept(out);
  }

  /// What largest() puts into the stream; kept() is what it finds when it is launched.
  cuda::Graph graph(DeviceLargest& finder, const DeviceEntries& out) {
    return {stream_, [&] {
              finder.find(source_, out.room(), out, fault_.span().data(), scratch_, stream_);
            }};
  }
  DeviceEntries room(std::size_t k) { return take_entries(k, scratch_); }
  Kept launch(const cuda::Graph& graph, const Floats& gradient, const DeviceEntries& out) {
    cuda::upload(std::span(gradient), gradient_.span(), stream_);
    graph.launch(stream_);
    return kept(out);
  }

  DeviceLargest::Guess guess(const DeviceLargest& finder) {
    return to_host(finder.guess(), stream_)[0];
  }

  bool non_finite() { return to_host(fault_.span(), stream_)[0].non_finite != 0; }

 private:
  DeviceSpan<float> next_own() { return next_ == Next::apart ? next_own_.span() : own_.span(); }
  DeviceSpan<float> next_other() {
    return next_ == Next::apart ? next_other_.span() : other_.span();
  }

  Kept kept(const DeviceEntries& out) {
    const std::uint32_t count = to_host(DeviceSpan<std::uint32_t>(out.count, 1), stream_)[0];
    const auto range = to_device(Indices{0, count}, stream_);
    const std::uint32_t* const ends = range.span().data();
    take_off(source_, {out.indices.data(), ends, ends + 1, out.values.first(count)}, stream_);
    EXPECT_LE(count, out.room());
    return {to_host(out.indices.first(count), stream_),
            bits_of(to_host(out.values.first(count), stream_)),
            bits_of(to_host(next_own(), stream_)), bits_of(to_host(next_other(), stream_))};
  }

  cuda::Stream stream_;
  cuda::DeviceScratch scratch_;
  std::size_t n_;
  cuda::DeviceBuffer<float> gradient_, own_, other_, next_own_, next_other_;
  cuda::DeviceBuffer<DeviceFault> fault_;
  Next next_;
  DeviceSource source_;
};

void expect_largest(const Input& x, std::size_t k, Next next, DeviceLargest& finder) {
  OnDevice device(x, next);
  EXPECT_EQ(device.largest(finder, k), largest_on_host(x, k))
      << "n = " << x.gradient.size() << ", k = " << k << ", composing "
      << static_cast<int>(x.composing);
  EXPECT_FALSE(device.non_finite());
}

void expect_largest(const Floats& x, std::size_t k) {
  DeviceLargest finder;
  expect_largest(input_of(Composing::gradient, x), k, Next::apart, finder);
}

TEST(DeviceLargest, AreTheHostsAtEverySize) {
  for (const std::size_t n : {1u, 2u, 31u, 33u, 255u, 4095u, 4096u, 4097u, 20'001u}) {
    for (const std::size_t k : {std::size_t{1}, n / 100, n / 2, n - 1, n}) {
      if (k > 0) expect_largest(gaussian<float>(n), k);
    }
  }
}

// The first call has no guess, the second one a good one, the third one that is far too high, and
// the fourth one far too low.
TEST(DeviceLargest, AreExactWhateverTheGuess) {
  constexpr std::size_t kSize = 50'000;
  for (const Composing composing : kComposings) {
    for (const Next next : {Next::apart, Next::in_place}) {
      DeviceLargest finder;
      for (const float size : {1.0f, 1.1f, 1e-3f, 10.0f}) {
        Floats x = gaussian<float>(kSize, 9);
        for (float& v : x) v *= size;
        Input input = input_of(composing, x);
        for (float& v : input.own) v *= size;
        for (float& v : input.other) v *= size;
        expect_largest(input, 60, next, finder);
      }
    }
  }
}

TEST(DeviceLargest, OfTiesTheFirstAreKept) {
  Floats x(30'000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 5) * (i % 2 ? -1 : 1);
  for (const std::size_t k : {1u, 100u, 5'999u, 6'000u, 6'001u, 20'000u, 29'999u}) {
    expect_largest(x, k);
  }
  expect_largest(Floats(20'000, 0.0f), 7);
  expect_largest(Floats(20'000, -0.0f), 7);
  expect_largest(Floats(20'000, -2.0f), 7);
}

// Of u = -0 a 0 arrives, as sums begin with 0; so -0 is left.
TEST(DeviceLargest, TakeOffWhatArrives) {
  const Floats zeros(100, -0.0f);
  DeviceLargest finder;
  expect_largest({Composing::residual, zeros, zeros, zeros}, 7, Next::apart, finder);
}

TEST(DeviceLargest, OrdersDenormalAndHugeNumbers) {
  Floats x = gaussian<float>(15'000);
  for (std::size_t i = 0; i < x.size(); i += 3) x[i] *= 1e-40f;
  for (std::size_t i = 0; i < x.size(); i += 7) x[i] *= 1e37f;
  for (const std::size_t k : {10u, 2'000u, 4'000u, 14'000u}) expect_largest(x, k);
}

TEST(DeviceLargest, StayTheSameInAGuessedStep) {
  const Input x = input_of(Composing::residual, gaussian<float>(40'000));
  DeviceLargest finder;
  for (int step = 0; step < 4; ++step) expect_largest(x, 400, Next::apart, finder);
}

// No host can step in between its kernels.
TEST(DeviceLargest, AreFoundByAGraphWhateverTheGuess) {
  Input x = input_of(Composing::gradient, gaussian<float>(30'000));
  DeviceLargest finder;
  OnDevice device(x);
  device.largest(finder, 100);
  const DeviceEntries out = device.room(100);
  const cuda::Graph graph = device.graph(finder, out);
  for (const float size : {1.0f, 1.1f, 1e-3f, 10.0f}) {
    for (float& v : x.gradient) v *= size;
    EXPECT_EQ(device.launch(graph, x.gradient, out), largest_on_host(x, 100)) << size;
  }
}

TEST(DeviceLargest, GuessSoThatSomewhatMoreThanTheyNeedIsCollected) {
  constexpr std::size_t kKept = 1000;
  DeviceLargest finder;
  for (std::uint64_t step = 0; step < 8; ++step) {
    const Input x = input_of(Composing::gradient, gaussian<float>(60'000, step));
    OnDevice device(x);
    if (step > 3) {
      const auto least = device.guess(finder).least;
      const Floats u = composed(x);
      const auto found = std::ranges::count_if(u, [&](float v) { return magnitude(v) >= least; });
      EXPECT_GE(found, 1.1 * kKept) << step;
      EXPECT_LE(found, 2.5 * kKept + 1024) << step;
    }
    device.largest(finder, kKept);
  }
}

TEST(DeviceLargest, NotesWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(), std::nanf("")}) {
    for (const std::size_t where : {0u, 4'095u, 4'999u, 19'999u}) {
      Input x = input_of(Composing::residual, gaussian<float>(20'000));
      x.gradient[where] = bad;
      DeviceLargest finder;
      OnDevice device(x);
      device.largest(finder, 10);
      EXPECT_TRUE(device.non_finite());
      OnDevice(x).largest(finder, 10);
      x.gradient[where] = 1;
      expect_largest(x, 10, Next::apart, finder);
    }
  }
}

TEST(DeviceCollect, KeepsWhatIsAtLeastAsLarge) {
  for (const Composing composing : kComposings) {
    const Input x = input_of(composing, gaussian<float>(20'000));
    const Floats u = composed(x);
    for (const float least : {0.0f, std::abs(u[17]), 2.0f, 1e9f}) {
      Indices expected;
      for (std::uint32_t i = 0; i < u.size(); ++i) {
        if (std::abs(u[i]) >= least) expected.push_back(i);
      }
      OnDevice device(x, Next::in_place);
      EXPECT_EQ(device.collected({magnitude(least)}, u.size()), kept_of(x, expected));
    }
  }
}

}  // namespace
}  // namespace pith::test
