// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include <pith/compressors/blocktopk.h>
#include <pith/compressors/collect.h>
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

  // Where a block's elements are written is known beforehand, so threads write side by side.
  Entries<T> select(Source<T>& x, Scratch& scratch) const override {
    const auto indices = scratch.take<std::uint32_t>(most(x.size()));
    const auto values = scratch.take<T>(indices.size());
    const std::size_t parts = parts_of(x.size());
    in_parts(x, {0, x.size()}, parts, block_, [&](std::size_t part, Range range) {
      Scratch own;  // takes no memory where it is not used
      select_part(x, range, indices, values, part == 0 ? scratch : own);
    });
    return {indices, values};
  }

  Guarantee guarantee(std::size_t n) const override {
    if (n == 0) return {1.0, 0.0, true};
    const std::size_t block = std::min(block_, n);
    return {.contraction = static_cast<double>(std::min(k_, block)) / static_cast<double>(block),
            .contraction_is_typical = true};
  }

 private:
  void select_part(Source<T>& x, Range range, std::span<std::uint32_t> indices, std::span<T> values,
                   Scratch& scratch) const {
    const Scratch::Frame frame(scratch);
    const std::size_t room = std::min(block_, x.size()) + kCollectRoom;
    Candidates<T> found{scratch.take<BitsOf<T>>(room), scratch.take<T>(room)};
    std::size_t kept = range.begin / block_ * k_;
    for (std::size_t i = range.begin; i < range.end; i += block_) {
      const auto block = x.take({i, std::min(range.end, i + block_)});
      choose(block, i, found, scratch);
      for (const BitsOf<T> index : found.indices.first(found.count)) {
        indices[kept] = static_cast<std::uint32_t>(index);
        values[kept++] = block[index - i];
      }
    }
  }

  // Leaves the indices of a block's largest, its first element being number `first`. The k-th
  // largest of the groups' maxima is a lower bound of what is kept; often only a few elements lie
  // above it.
  void choose(std::span<const T> block, std::size_t first, Candidates<T>& found,
              Scratch& scratch) const {
    const std::size_t k = std::min(k_, block.size());
    std::array<BitsOf<T>, kGroups> maxima;
    group_maxima<T>(block, maxima);
    const auto groups = std::span<const BitsOf<T>>(maxima).first(std::min(kGroups, block.size()));
    const BitsOf<T> bound = k <= groups.size() ? kth_largest(groups, k, scratch) : 0;
    found.count = 0;
    collect(block, first, std::min<BitsOf<T>>(bound, kMagnitudeBits<T> - 1) + 1, found);
    if (found.count < k) add_equal(block, first, bound, k, found);
    if (found.count > k) prune(found, k, scratch);
  }

  // The first elements whose magnitude is exactly `bound`, as many as are missing, in their places.
  static void add_equal(std::span<const T> block, std::size_t first, BitsOf<T> bound, std::size_t k,
                        Candidates<T>& found) {
    for (std::size_t i = 0; found.count < k; ++i) {
      if (magnitude(block[i]) != bound) continue;
      found.indices[found.count++] = static_cast<BitsOf<T>>(first + i);
    }
    std::ranges::sort(found.indices.first(k));
  }

  std::size_t k_;
  std::size_t block_;
};

}  // namespace

template <Element T>
std::unique_ptr<Selector<T>> make_largest_of_blocks(const Spec& spec, Arguments& arguments,
                                                    std::uint64_t block) {
  const std::uint64_t k = arguments.integer("k", 0, 1, block);
  if (k == 0)
    throw UsageError(spec.text() + ": k is missing; it must be 1 to " + std::to_string(block));
  return std::make_unique<LargestOfBlocks<T>>(k, block);
}

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_blocktopk(const Spec& spec,
                                                    std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const std::uint64_t block = arguments.integer("block", 4096, 1, std::uint64_t{1} << 20);
  auto selector = make_largest_of_blocks<T>(spec, arguments, block);
  return make_sparse<T>(spec, arguments, std::move(selector), std::move(second));
}

template std::unique_ptr<Selector<float>> make_largest_of_blocks(const Spec&, Arguments&,
                                                                 std::uint64_t);
template std::unique_ptr<Selector<double>> make_largest_of_blocks(const Spec&, Arguments&,
                                                                  std::uint64_t);
template std::unique_ptr<SparseCompressor<float>> make_blocktopk(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<SparseCompressor<double>> make_blocktopk(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
