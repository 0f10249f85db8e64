// SPDX-License-Identifier: Apache-2.0
#include "replicas.h"

#include <cstdint>
#include <span>
#include <string>

#include <pith/core/error.h>
#include <pith/core/hash.h>

namespace fashion_mnist {

void check_replicas(const std::vector<Parameter>& parameters, pith::Communicator& world) {
  std::vector<std::uint64_t> mine;
  for (const auto& parameter : parameters) {
    mine.push_back(pith::hash(std::as_bytes(parameter.values)));
  }
  std::vector<std::uint64_t> all(mine.size() * static_cast<std::size_t>(world.size()));
  world.all_gather(std::as_bytes(std::span(mine)), std::as_writable_bytes(std::span(all)));
  for (std::size_t p = 0; p < mine.size(); ++p) {
    for (std::size_t i = p; i < all.size(); i += mine.size()) {
      if (all[i] == all[p]) continue;
      throw pith::Error(parameters[p].name + " differs between rank 0 and rank " +
                        std::to_string(i / mine.size()));
    }
  }
}

}  // namespace fashion_mnist
