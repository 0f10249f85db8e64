// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <fstream>
#include <thread>

namespace pith::bench {
namespace {

// Not every processor names itself there (Arm); the number of cores is always known.
std::string model_name() {
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

}  // namespace

std::string machine() {
  return model_name() + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores";
}

}  // namespace pith::bench
