// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <vector>

#include <pith/comm/communicator.h>

namespace pith::test {

/// One promise of every communicator. `holds` is called on all ranks at once and checks it with
/// GoogleTest expectations, over sizes 0, 1, odd and 65537 where sizes matter.
struct Promise {
  const char* name;
  void (*holds)(Communicator& communicator);
};

std::ostream& operator<<(std::ostream& out, const Promise& promise);

/// All promises; a back end's test instantiates itself over them.
std::vector<Promise> communicator_contract();

}  // namespace pith::test
