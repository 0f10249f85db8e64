// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/reducer/wire_cost.h>

namespace pith {

double wire_cost(const Choice& choice, double bytes, double dense_bytes, double ranks) {
  const double others = std::max(ranks, 2.0) - 1;
  const double in_turn = 2 * others / (others + 1);
  switch (choice.exchange) {
    case Exchange::gather:
      return others * bytes;
    case Exchange::sharded:
    case Exchange::linear:
      return in_turn * bytes;
    case Exchange::sparse:
      return 2 * in_turn * bytes;
    case Exchange::raw:
      break;
  }
  return in_turn * (choice.kind == CompressorKind::none ? dense_bytes : bytes);
}

}  // namespace pith
