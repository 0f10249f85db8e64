// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <ostream>

#include <pith/comm/device_communicator.h>
#include <pith/comm/local.h>
#include <pith/reducer/device_backend.h>

#include "device_tensors.h"

namespace pith::test {

/// Between ranks: by way of the host, between all devices, or between those of a node.
enum class Way { host, devices, node };

struct Travel {
  Case one;
  Way way;
};

inline void PrintTo(const Travel& travel, std::ostream* out) {
  const char* const ways[] = {"by the host", "between devices", "on nodes"};
  PrintTo(travel.one, out);
  *out << " " << ways[static_cast<int>(travel.way)];
}

inline ReducerOptions options_of(const Travel& travel, DeviceCommunicator& devices) {
  auto options = options_of(travel.one);
  if (travel.way == Way::devices) options.device = device_backend({.all = &devices});
  if (travel.way != Way::node) return options;
  options.node = "shared";
  options.device = device_backend({.node = &devices});
  return options;
}

/// On two ranks, or on two nodes of two.
inline void run_ranks(Way way, const std::function<void(Communicator&)>& body) {
  run_local(way == Way::node ? 4 : 2, body, {.ranks_per_node = way == Way::node ? 2 : 0});
}

}  // namespace pith::test
