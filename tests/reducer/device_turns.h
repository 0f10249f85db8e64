// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "device_tensors.h"
#include "emulation/cuda_runtime.h"

namespace pith::test {

/// How often the devices stand still in the second step of a reducer of so many equal tensors.
inline std::size_t turns_of_step(Communicator& communicator, const ReducerOptions& options,
                                 std::size_t tensors, bool overlapped) {
  const cuda::Stream stream;
  const Variable variable{"", Shape({64, 50})};
  Reducer reducer(communicator, options);
  for (std::size_t v = 0; v < tensors; ++v) {
    reducer.add(std::to_string(v), variable.shape, ElementType::float32, Space::device);
  }
  std::size_t turns = 0;
  std::vector<std::vector<cuda::DeviceBuffer<float>>> all(2);  // to free them would wait
  for (int step = 0; step < 2; ++step) {
    auto& there = all[static_cast<std::size_t>(step)];
    for (std::size_t v = 0; v < tensors; ++v) {
      there.push_back(to_device(gradient_of(variable, communicator.rank(), step), stream));
    }
    const std::size_t before = emulation::turns();
    if (overlapped) reducer.begin();
    for (std::size_t v = 0; v < tensors; ++v) {
      reducer.push(std::to_string(v), there[v].span(), stream);
    }
    reducer.wait();
    turns = emulation::turns() - before;
  }
  return turns;
}

/// turns_of(tensors, overlapped), as turns_of_step().
template <class TurnsOf>
void expect_as_many_turns_for_many_tensors(const TurnsOf& turns_of) {
  for (const bool overlapped : {false, true}) {
    const std::size_t of_one = turns_of(1, overlapped);
    EXPECT_GT(of_one, 0u);
    EXPECT_EQ(turns_of(7, overlapped), of_one) << (overlapped ? "overlapped" : "");
  }
}

/// One of each kind of exchange.
inline const std::vector<Case> kOfEveryExchange = {{"none", "ef14"},
                                                   {"cast(fp16)", "ef14"},
                                                   {"randomk(density=0.1)", "ef14"},
                                                   {"lowrank(rank=2)", "ef14"},
                                                   {"onebit", "ef14", "gather"},
                                                   {"quantize(bits=4)", "ef14", "sharded"},
                                                   {"topk(density=0.1)", "ef14", "gather"},
                                                   {"threshold(value=1)", "ef14", "gather"}};

}  // namespace pith::test
