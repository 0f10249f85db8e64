// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/gather_shards.h>
#include <pith/collectives/reduce_shards.h>
#include <pith/collectives/sharded.h>

namespace pith {

template <Element T>
void sharded(std::span<Unit<T>> bucket, Round& round) {
  reduce_shards(bucket, round);
  gather_shards(bucket, round);
}

template void sharded(std::span<Unit<float>>, Round&);
template void sharded(std::span<Unit<double>>, Round&);

}  // namespace pith
