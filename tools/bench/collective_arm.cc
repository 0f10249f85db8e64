// SPDX-License-Identifier: Apache-2.0
#include "collective_arm.h"

#include "reducer_arm.h"
#include "sharded_arm.h"

namespace pith::bench {
namespace {

template <Element T>
class RawAllReduce final : public CollectiveArm<T> {
 public:
  explicit RawAllReduce(Communicator& communicator) : communicator_(communicator) {}

  Sample run(std::span<T> x) override {
    return timed(communicator_, [&] { communicator_.all_reduce(x); });
  }

 private:
  Communicator& communicator_;
};

template <Element T>
class RawReduceScatter final : public CollectiveArm<T> {
 public:
  RawReduceScatter(Communicator& communicator, std::size_t elements)
      : communicator_(communicator), sum_(shard_of(communicator, elements).size()) {}

  Sample run(std::span<T> x) override {
    return timed(communicator_,
                 [&] { communicator_.reduce_scatter(std::span<const T>(x), std::span(sum_)); });
  }

 private:
  Communicator& communicator_;
  std::vector<T> sum_;
};

// In place, as trainers gather parameters.
template <Element T>
class RawAllGather final : public CollectiveArm<T> {
 public:
  RawAllGather(Communicator& communicator, std::size_t elements) : communicator_(communicator) {
    const auto ranks = static_cast<std::size_t>(communicator.size());
    for (std::size_t r = 0; r < ranks; ++r) {
      sizes_.push_back(sizeof(T) * (block_start(elements, ranks, r + 1) -  //
                                    block_start(elements, ranks, r)));
    }
  }

  Sample run(std::span<T> x) override {
    const auto mine = std::as_bytes(slice(x, shard_of(communicator_, x.size())));
    return timed(communicator_,
                 [&] { communicator_.all_gather_v(mine, sizes_, std::as_writable_bytes(x)); });
  }

 private:
  Communicator& communicator_;
  std::vector<std::size_t> sizes_;  // of the shards, in bytes
};

}  // namespace

template <Element T>
std::unique_ptr<CompressedArm<T>> make_compressed_arm(Communicator& communicator,
                                                      const ArmCase& what) {
  if (what.collective == Collective::all_reduce) {
    return std::make_unique<ReducerArm<T>>(communicator, what);
  }
  return std::make_unique<ShardedArm<T>>(communicator, what);
}

template <Element T>
std::unique_ptr<CollectiveArm<T>> make_raw_arm(Communicator& communicator, Collective collective,
                                               std::size_t elements) {
  switch (collective) {
    case Collective::reduce_scatter:
      return std::make_unique<RawReduceScatter<T>>(communicator, elements);
    case Collective::all_gather:
      return std::make_unique<RawAllGather<T>>(communicator, elements);
    default:
      return std::make_unique<RawAllReduce<T>>(communicator);
  }
}

#define PITH_INSTANTIATE(T)                                                                      \
  template std::unique_ptr<CompressedArm<T>> make_compressed_arm(Communicator&, const ArmCase&); \
  template std::unique_ptr<CollectiveArm<T>> make_raw_arm(Communicator&, Collective, std::size_t);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith::bench
