// SPDX-License-Identifier: Apache-2.0
#include "support/communicator_contract.h"

#include <ostream>

#include "support/communicator/checks.h"

namespace pith::test {

std::ostream& operator<<(std::ostream& out, const Promise& promise) { return out << promise.name; }

std::vector<Promise> communicator_contract() {
  std::vector<Promise> all;
  for (const auto part : {sum_promises(), block_promises(), refusal_promises(), split_promises()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace pith::test
