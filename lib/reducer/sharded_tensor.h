// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/comm/communicator.h>
#include <pith/core/range.h>
#include <pith/core/scratch.h>
#include <pith/core/state.h>
#include <pith/reducer/layout.h>

namespace pith {

/// Which way shards go.
enum class ShardedCall : std::uint8_t { reduce_scatter_mean, all_gather };

std::string_view name_of(ShardedCall call);

/// What a call says of its tensor; the same in all calls under the name and, but for `shard`, on
/// all ranks.
struct ShardedRequest {
  ShardedCall call = ShardedCall::all_gather;
  std::string_view name;
  std::size_t elements = 0;  ///< of the whole tensor
  std::size_t shard = 0;     ///< of this rank's part
  std::string_view compressor;
  std::string_view feedback;
};

/// Behind reduce_scatter_mean() and all_gather(): one tensor with all that is kept for it.
template <Element T>
class ShardedTensor {
 public:
  /// All ranks make it together.
  /// Throws   UsageError on every rank if one rank's request is wrong, or two differ.
  ShardedTensor(Communicator& communicator, const ShardedRequest& request);

  /// One call: composes, exchanges, agrees; then states are accepted and the estimate is written.
  /// Returns and throws as the calls do.
  bool exchange(const ShardedRequest& request, std::span<const T> in, std::span<T> out,
                double learning_rate);

  std::vector<StateView<T>> states();

  std::uint64_t calls() const { return step_; }  ///< that counted

 private:
  bool gathers() const { return call_ == ShardedCall::all_gather; }
  Guarantee guarantee() const;
  Extent extent() const;
  std::string called(std::string_view what) const;
  std::string spec(std::string_view variable, const std::string& given) const;
  void plan(std::size_t elements);
  std::string registration() const;
  void check(const ShardedRequest& request) const;
  void prepare();
  Round begin_round(double learning_rate);
  Unit<T> make_unit();
  void reduce(Unit<T>& unit, std::span<const T> in, Round& round);
  void gather(Unit<T>& unit, std::span<const T> in, Round& round);
  bool agreed(const Round& round);

  Communicator& communicator_;
  ShardedCall call_;
  UnitPlan plan_;
  Range shard_;             // this rank's
  std::string compressor_;  // as the first call gave them
  std::string feedback_;
  std::uint64_t seed_ = 0;

  std::unique_ptr<Feedback<T>> rule_;
  std::unique_ptr<MessageCompressor<T>> message_;  // null: uncompressed
  std::uint16_t codec_ = 0;
  std::size_t entry_ = 0;  // of the schedule

  Scratch scratch_;
  std::uint64_t config_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t step_ = 0;
  std::uint32_t epoch_ = 0;
};

}  // namespace pith
