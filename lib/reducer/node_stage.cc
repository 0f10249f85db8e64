// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <pith/collectives/compose.h>
#include <pith/core/vector.h>
#include <pith/reducer/node_stage.h>

namespace pith {
namespace {

// Calls body(range) for blocks of [0, n), in order, that stay in the first cache while several
// loops go over them.
template <class Body>
void by_blocks(std::size_t n, const Body& body) {
  constexpr std::size_t kBlock = 2048;
  for (std::size_t i = 0; i < n; i += kBlock) body(Range{i, std::min(n, i + kBlock)});
}

template <Element T>
std::size_t elements_in(std::span<const std::size_t> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::size_t{0}) / sizeof(T);
}

}  // namespace

template <Element T>
NodeStage<T>::NodeStage(Nodes& nodes, const std::vector<Tensor>& whole,
                        const std::vector<UnitPlan>& units)
    : nodes_(nodes), whole_(whole), units_(units) {}

template <Element T>
Range NodeStage<T>::range(std::size_t tensor, std::size_t owner) const {
  if (whole_[tensor].space == Space::device) return {};
  return part_of(whole_[tensor].shape, nodes_.owners(), owner);
}

template <Element T>
DeviceParts NodeStage<T>::device_parts(std::size_t tensor) const {
  DeviceParts parts;
  for (std::size_t r = 0; r < ranks(); ++r) {
    parts.of_rank.push_back(part_of(whole_[tensor].shape, nodes_.owners(), r));
  }
  parts.mean_ranks = nodes_.mean_ranks();
  return parts;
}

template <Element T>
std::size_t NodeStage<T>::owned(const Bucket& bucket, std::size_t owner) const {
  std::size_t elements = 0;
  for (const Slot& slot : bucket.slots) elements += range(slot.tensor, owner).size();
  return elements;
}

template <Element T>
auto NodeStage<T>::make_bucket(const BucketPlan& plan) const -> Bucket {
  Bucket bucket;
  for (const std::size_t u : plan.units) {
    for (const std::size_t t : units_[u].tensors) bucket.slots.push_back({t, bucket.units});
    ++bucket.units;
  }
  for (std::size_t r = 0; r < ranks(); ++r) {
    bucket.out_bytes.push_back((owned(bucket, r) + bucket.units) * sizeof(T));
  }
  bucket.in_bytes.assign(ranks(), bucket.out_bytes[rank()]);
  return bucket;
}

template <Element T>
void NodeStage<T>::prepare(const std::vector<BucketPlan>& buckets) {
  buckets_.clear();
  gathered_bytes_.assign(ranks(), 0);
  for (const BucketPlan& plan : buckets) {
    if (plan.type != element_type<T>) continue;
    Bucket bucket = make_bucket(plan);
    bucket.first = gathered_bytes_[rank()] / sizeof(T);
    for (std::size_t r = 0; r < ranks(); ++r) {
      gathered_bytes_[r] += bucket.out_bytes[r] - bucket.units * sizeof(T);
    }
    buckets_.push_back(std::move(bucket));
  }
}

template <Element T>
void NodeStage<T>::begin(Scratch& scratch) {
  scratch_ = &scratch;
  packed_.assign(buckets_.size(), {});
  sums_ = buckets_.empty() ? std::span<T>() : scratch.take<T>(gathered_bytes_[rank()] / sizeof(T));
  parts_.assign(whole_.size(), {});
  fault_.reset();
}

template <Element T>
void NodeStage<T>::pack(std::size_t bucket, const std::vector<Given>& given, bool faulty) {
  const Bucket& plan = buckets_[bucket];
  const auto packed = scratch_->take<T>(elements_in<T>(plan.out_bytes));
  packed_[bucket] = packed;
  std::size_t offset = 0;
  for (std::size_t r = 0; r < ranks() && !faulty; ++r) {
    const std::size_t count = plan.out_bytes[r] / sizeof(T);
    pack_block(plan, given, r, packed.subspan(offset, count));
    offset += count;
    faulty = fault_.has_value();
  }
  if (faulty) std::ranges::fill(packed, T(0));
}

template <Element T>
void NodeStage<T>::pack_block(const Bucket& bucket, const std::vector<Given>& given,
                              std::size_t owner, std::span<T> out) {
  const auto counts = out.last(bucket.units);
  std::ranges::fill(counts, T(0));
  std::size_t offset = 0;
  for (const Slot& slot : bucket.slots) {
    const Range elements = range(slot.tensor, owner);
    pack_range(given[slot.tensor], slot.tensor, elements, out.subspan(offset, elements.size()));
    if (given[slot.tensor].how == Given::How::pushed) counts[slot.unit] = T(1);
    offset += elements.size();
  }
}

// What is not finite is found here, where it is known whose it is, and never reaches a sum.
template <Element T>
void NodeStage<T>::pack_range(const Given& given, std::size_t tensor, Range range,
                              std::span<T> out) {
  if (given.how != Given::How::pushed) {
    std::ranges::fill(out, T(0));
    return;
  }
  by_blocks(out.size(), [&](Range block) {
    const std::size_t first = range.begin + block.begin;
    load(slice(given.memory, {first, first + block.size()}), slice(out, block));
    const std::span<const T> packed = slice(out, block);
    if (fault_ || all_finite(packed)) return;
    Unit<T> where;
    where.name = whole_[tensor].name;
    where.first = first;
    fault_ = non_finite_fault(where, packed);
  });
}

template <Element T>
template <class Body>
void NodeStage<T>::for_each_block(const Body& body) const {
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    std::size_t offset = 0;
    for (const std::size_t bytes : buckets_[b].out_bytes) {
      const std::size_t count = bytes / sizeof(T);
      body(packed_[b].subspan(offset, count - buckets_[b].units));
      offset += count;
    }
  }
}

template <Element T>
double NodeStage<T>::squared_norm() const {
  double sum = 0;
  for_each_block([&](std::span<const T> block) { sum += pith::squared_norm(block); });
  return sum;
}

template <Element T>
void NodeStage<T>::scale(double factor) {
  for_each_block([&](std::span<T> block) { pith::scale(static_cast<T>(factor), block); });
}

template <Element T>
bool NodeStage<T>::find_non_finite(std::vector<Fault>& faults) const {
  if (fault_) faults.push_back(*fault_);
  return fault_.has_value();
}

template <Element T>
const std::vector<Given>& NodeStage<T>::reduce(std::size_t bucket, Round& round) {
  if (round.faults.empty()) find_non_finite(round.faults);
  const Bucket& plan = buckets_[bucket];
  const Scratch::Frame frame(*scratch_);
  const auto blocks = scratch_->take<T>(elements_in<T>(plan.in_bytes));
  const auto counts = scratch_->take<T>(plan.units);
  nodes_.node().all_to_all_v(std::as_bytes(packed_[bucket]), plan.out_bytes,
                             std::as_writable_bytes(blocks), plan.in_bytes);
  hand_out(plan, sum_of(plan, blocks, counts), counts);
  return parts_;
}

// The node's share of a mean over nodes that is one over all ranks, however many this node has.
template <Element T>
std::span<T> NodeStage<T>::sum_of(const Bucket& bucket, std::span<const T> blocks,
                                  std::span<T> counts) {
  const std::size_t size = blocks.size() / ranks();
  const auto sum = sums_.subspan(bucket.first, size - bucket.units);
  const auto add_all = [&](std::size_t from, std::span<T> to) {
    copy(blocks.subspan(from, to.size()), to);
    for (std::size_t r = 1; r < ranks(); ++r) {
      axpy(T(1), blocks.subspan(r * size + from, to.size()), to);
    }
  };
  by_blocks(sum.size(), [&](Range block) {
    add_all(block.begin, slice(sum, block));
    divide(slice(sum, block), static_cast<T>(nodes_.mean_ranks()));
  });
  add_all(sum.size(), counts);
  return sum;
}

template <Element T>
void NodeStage<T>::hand_out(const Bucket& bucket, std::span<T> sum, std::span<const T> counts) {
  std::size_t offset = 0;
  for (const Slot& slot : bucket.slots) {
    const std::size_t count = range(slot.tensor, rank()).size();
    const auto how = counts[slot.unit] > 0 ? Given::How::pushed : Given::How::skipped;
    parts_[slot.tensor] = {how, sum.subspan(offset, count)};
    offset += count;
  }
}

template <Element T>
void NodeStage<T>::gather(const std::vector<Given>& given) const {
  if (buckets_.empty()) return;
  const Scratch::Frame frame(*scratch_);
  const auto all = scratch_->take<T>(elements_in<T>(gathered_bytes_));
  nodes_.node().all_gather_v(std::as_bytes(sums_), gathered_bytes_, std::as_writable_bytes(all));
  std::size_t offset = 0;
  for (std::size_t r = 0; r < ranks(); ++r) {
    for (const Bucket& bucket : buckets_) {
      for (const Slot& slot : bucket.slots) {
        const Range elements = range(slot.tensor, r);
        const std::span<const T> estimate = all.subspan(offset, elements.size());
        store(estimate, slice(given[slot.tensor].memory, elements));
        offset += elements.size();
      }
    }
  }
}

template class NodeStage<float>;
template class NodeStage<double>;

}  // namespace pith
