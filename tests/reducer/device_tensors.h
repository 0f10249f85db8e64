// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/communicator.h>
#include <pith/core/half.h>
#include <pith/core/random.h>
#include <pith/core/shape.h>
#include <pith/reducer/device_backend.h>
#include <pith/reducer/gradient.h>
#include <pith/reducer/options.h>
#include <pith/reducer/reducer.h>

#include "support/device.h"

namespace pith::test {

struct Variable {
  std::string name;
  Shape shape;
};

inline const std::vector<Variable> kModel = {
    {"matrix", Shape({64, 100})}, {"other", Shape({40, 90})}, {"bias", Shape({33})}};

/// In the trainer's type: rounded, where that is in 16 bits.
template <class V = float>
std::vector<V> gradient_of(const Variable& variable, int rank, int step) {
  const Random random({.seed = 3,
                       .tensor = variable.name.size(),
                       .step = static_cast<std::uint64_t>(step),
                       .rank = static_cast<std::uint32_t>(rank)});
  std::vector<V> x(variable.shape.elements());
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = to_number<V>(static_cast<float>(random.normal(i)));
  }
  return x;
}

struct Case {
  const char* compressor;
  const char* feedback;
  const char* exchange = "natural";
};

inline void PrintTo(const Case& one, std::ostream* out) {
  *out << one.compressor << ", " << one.feedback << ", " << one.exchange;
}

inline ReducerOptions options_of(const Case& one) {
  return {.compressor = one.compressor,
          .feedback = one.feedback,
          .exchange = one.exchange,
          .device = device_backend()};
}

constexpr int kDeviceSteps = 4;

inline StepOptions step_options(int step) {
  return {.learning_rate = step < 2 ? 0.1 : 0.05, .loss_scale = step == 3 ? 4.0 : 1.0};
}

/// Gradients of all tensors of a step, or what became of them, as one rank has them.
template <class V>
using Tensors = std::vector<std::vector<V>>;

template <class V = float>
void add_all(Reducer& reducer, const std::vector<Space>& places) {
  for (std::size_t v = 0; v < kModel.size(); ++v) {
    reducer.add(kModel[v].name, kModel[v].shape, type_of(std::span<V>()), places[v]);
  }
}

template <class V = float>
Tensors<V> host_step(Reducer& reducer, int rank, int step, const StepOptions& options) {
  Tensors<V> gradients;
  for (const Variable& variable : kModel) gradients.push_back(gradient_of<V>(variable, rank, step));
  for (std::size_t v = 0; v < kModel.size(); ++v) {
    reducer.push(kModel[v].name, std::span<V>(gradients[v]));
  }
  reducer.wait(options);
  return gradients;
}

/// `places`: which of the tensors lie on the device.
template <class V = float>
Tensors<V> mixed_step(Reducer& reducer, const std::vector<Space>& places, int rank, int step,
                      const StepOptions& options, DeviceStream stream, bool overlapped) {
  Tensors<V> gradients;
  std::vector<cuda::DeviceBuffer<V>> there;
  for (const Variable& variable : kModel) {
    gradients.push_back(gradient_of<V>(variable, rank, step));
    there.push_back(to_device(gradients.back(), stream));
  }
  if (overlapped) reducer.begin(options);
  for (std::size_t v = 0; v < kModel.size(); ++v) {
    if (places[v] == Space::device) {
      reducer.push(kModel[v].name, there[v].span(), stream);
    } else {
      reducer.push(kModel[v].name, std::span<V>(gradients[v]));
    }
  }
  reducer.wait(options);
  for (std::size_t v = 0; v < kModel.size(); ++v) {
    if (places[v] == Space::device) gradients[v] = to_host(there[v].span(), stream);
  }
  return gradients;
}

/// What is left of the matrix, step by step, of which rank 1 gives none in every other step.
template <class V = float>
Tensors<V> skipping(Communicator& communicator, const ReducerOptions& options, Space space) {
  const cuda::Stream stream;
  const int rank = communicator.rank();
  Reducer reducer(communicator, options);
  reducer.add("matrix", kModel.front().shape, type_of(std::span<V>()), space);
  Tensors<V> all;
  for (int step = 0; step < kDeviceSteps; ++step) {
    auto x = gradient_of<V>(kModel.front(), rank, step);
    const auto there = to_device(x, stream);
    const bool skips = rank == 1 && step % 2 == 0;
    if (space == Space::host) {
      skips ? reducer.skip("matrix", std::span<V>(x)) : reducer.push("matrix", std::span<V>(x));
    } else {
      skips ? reducer.skip("matrix", there.span(), stream)
            : reducer.push("matrix", there.span(), stream);
    }
    reducer.wait();
    all.push_back(space == Space::host ? x : to_host(there.span(), stream));
  }
  return all;
}

inline const std::vector<Space> kMixed{Space::device, Space::host, Space::device};

inline bool in_every_other(int step) { return step % 2 == 0; }

/// Of all states but the owners' and what EControl measures, which it does not on devices.
inline std::vector<std::string> names_of(const std::vector<DeviceStateView>& on_device,
                                         const std::vector<StateView<float>>& on_host) {
  std::vector<std::string> names;
  for (const DeviceStateView& state : on_device) names.push_back(state.name);
  for (const StateView<float>& state : on_host) names.push_back(state.name);
  std::erase_if(names, [](const auto& name) {
    return name.find("owner_") != name.npos || name.ends_with("/contraction");
  });
  return names;
}

/// Two reducers for the same steps: of tensors in host memory, and of the same at `places`.
template <class V>
struct Twins {
  cuda::Stream stream;
  Reducer plain;
  Reducer there;
  std::vector<Space> places;
  int rank;

  Twins(Communicator& communicator, const ReducerOptions& of_plain, const ReducerOptions& of_there,
        const std::vector<Space>& tensors = kMixed)
      : plain(communicator, of_plain),
        there(communicator, of_there),
        places(tensors),
        rank(communicator.rank()) {
    add_all<V>(plain, std::vector<Space>(kModel.size(), Space::host));
    add_all<V>(there, places);
  }

  /// Calls compare(step, estimates, expected) after every step.
  template <class Overlapped, class Compare>
  void step_through(const Overlapped& overlapped, const Compare& compare) {
    for (int step = 0; step < kDeviceSteps; ++step) {
      const auto options = step_options(step);
      const auto expected = host_step<V>(plain, rank, step, options);
      compare(step, mixed_step<V>(there, places, rank, step, options, stream, overlapped(step)),
              expected);
    }
  }

  template <class Overlapped>
  void expect_same_steps(const Overlapped& overlapped) {
    step_through(overlapped, [&](int step, const auto& estimates, const auto& expected) {
      EXPECT_EQ(estimates, expected) << "step " << step << " on rank " << rank;
    });
  }

  /// But for those that differ between the ways that devices go: where the owners' are.
  void expect_same_names_of_states() {
    EXPECT_THAT(names_of(there.device_states(), there.template states<float>()),
                testing::UnorderedElementsAreArray(names_of({}, plain.template states<float>())));
  }

  void expect_same_states() {
    expect_same_names_of_states();
    for (const DeviceStateView& state : there.device_states()) {
      for (const StateView<float>& expected : plain.template states<float>()) {
        if (expected.name != state.name) continue;
        EXPECT_EQ(state.first, expected.first) << state.name;
        EXPECT_THAT(to_host(state.values, stream), testing::ElementsAreArray(expected.values))
            << state.name;
      }
    }
  }
};

}  // namespace pith::test
