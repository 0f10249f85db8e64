// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <pith/compressors/blocks.h>
#include <pith/compressors/blocktopk.h>
#include <pith/compressors/prune.h>
#include <pith/compressors/sparse_message.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

template <Element T>
class LargestOfBlocks final : public Selector<T> {
 public:
  LargestOfBlocks(std::size_t k, std::size_t block) : k_(k), block_(block) {}

  std::size_t most(std::size_t n) const override {
    return n / block_ * k_ + std::min(k_, n % block_);
  }

  std::span<const std::uint32_t> select(Source<T>& x, Scratch& scratch) const override {
    const auto indices = scratch.take<std::uint32_t>(most(x.size()));
    const Scratch::Frame frame(scratch);
    const std::size_t room = std::min(block_, x.size()) + kCollectRoom;
    Candidates<T> found{scratch.take<BitsOf<T>>(room), scratch.take<BitsOf<T>>(room)};
    const Blocks blocks{0, x.size(), block_};
    BitsOf<T> guess = 0;
    std::size_t kept = 0;
    for (std::size_t j = 0; j < blocks.number(); ++j) {
      guess = choose(x, blocks.part(j), guess, found, scratch);
      for (std::size_t i = 0; i < found.count; ++i) {
        indices[kept++] = static_cast<std::uint32_t>(found.indices[i]);
      }
    }
    return indices;
  }

  Guarantee guarantee(std::size_t n) const override {
    if (n == 0) return {1.0, 0.0, true};
    const std::size_t block = std::min(block_, n);
    return {.contraction = static_cast<double>(std::min(k_, block)) / static_cast<double>(block),
            .contraction_is_typical = true};
  }

 private:
  // Leaves a block's largest. Blocks are much alike: the magnitude to begin with at the next one is
  // about a sixth below the least that was kept of this one.
  BitsOf<T> choose(Source<T>& x, Range block, BitsOf<T> guess, Candidates<T>& found,
                   Scratch& scratch) const {
    constexpr BitsOf<T> kSixth = BitsOf<T>{1} << (std::numeric_limits<T>::digits - 3);
    const std::size_t k = std::min(k_, block.size());
    const auto elements = x.take(block);
    found.count = 0;
    collect(elements, block.begin, guess, found);
    if (found.count < k) {
      found.count = 0;
      collect<T>(elements, block.begin, 0, found);
    }
    const BitsOf<T> least = prune(found, k, scratch);
    return least - std::min(least, kSixth);
  }

  std::size_t k_;
  std::size_t block_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_blocktopk(const Spec& spec,
                                                     std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const std::uint64_t block = arguments.integer("block", 4096, 1, std::uint64_t{1} << 20);
  const std::uint64_t k = arguments.integer("k", 0, 1, block);
  if (k == 0) throw UsageError(spec.text() + ": k is missing; it must be 1 to block");
  return make_sparse<T>(spec, arguments, std::make_unique<LargestOfBlocks<T>>(k, block),
                        std::move(second));
}

template std::unique_ptr<MessageCompressor<float>> make_blocktopk(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<MessageCompressor<double>> make_blocktopk(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
