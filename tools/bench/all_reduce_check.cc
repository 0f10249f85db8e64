// SPDX-License-Identifier: Apache-2.0
#include "all_reduce_check.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <support/reference_exchange.h>

#include <pith/core/spec.h>

#include "compare.h"

namespace pith::bench {
namespace {

using test::ReferenceCase;
using test::ReferenceExchange;

template <Element T>
using Vectors = std::vector<std::vector<T>>;

// Every rank's `mine` on rank 0, in rank order, whatever its size. Empty elsewhere.
template <Element T>
Vectors<T> gather_on_first(Communicator& communicator, std::span<const T> mine) {
  std::vector<std::size_t> in(static_cast<std::size_t>(communicator.size()));
  std::vector<std::size_t> out(in.size(), 0);
  const std::size_t bytes = mine.size_bytes();
  out.front() = bytes;
  communicator.all_gather(std::as_bytes(std::span(&bytes, 1)),
                          std::as_writable_bytes(std::span(in)));
  if (communicator.rank() != 0) std::ranges::fill(in, 0);
  std::vector<T> joined(std::accumulate(in.begin(), in.end(), std::size_t{0}) / sizeof(T));
  communicator.all_to_all_v(std::as_bytes(mine), out, std::as_writable_bytes(std::span(joined)),
                            in);
  Vectors<T> all;
  auto start = joined.begin();
  for (const std::size_t part : in) {
    const auto end = start + static_cast<std::ptrdiff_t>(part / sizeof(T));
    all.emplace_back(start, end);
    start = end;
  }
  return all;
}

// The reference begins where the ranks are. What a reducer does not hold is zero: states of an
// empty shard, and of a rule that changes nothing because nothing is compressed.
template <Element T>
void copy_states(Communicator& communicator, ReducerArm<T>& arm, ReferenceExchange<T>& reference) {
  const auto mine = arm.states();
  for (std::size_t s = 0; s < reference.states(0).size(); ++s) {
    const std::string name = std::string(kTensorName) + "/" + reference.states(0)[s].name;
    const auto found = std::ranges::find(mine, name, &StateView<T>::name);
    const auto values = found == mine.end() ? std::span<const T>() : found->values;
    const auto all = gather_on_first<T>(communicator, values);
    for (std::size_t r = 0; r < all.size(); ++r) {
      std::ranges::copy(all[r], reference.states(r)[s].values.begin());
    }
  }
}

template <Element T>
std::vector<T> broadcast_from_first(Communicator& communicator, std::vector<T> values) {
  communicator.broadcast(std::as_writable_bytes(std::span(values)), 0);
  return values;
}

// Of the largest value. 0: to the bit.
double tolerance(const CollectiveCase& what) {
  if (what.exchange == "gather" || what.exchange == "sharded") return 0;
  return parse_pipeline(what.compressor).front().name == "lowrank" ? 1e-3 : 1e-5;
}

template <Element T>
std::vector<T> expected_estimate(Communicator& communicator, ReducerArm<T>& arm,
                                 const CollectiveCase& what, const Shape& shape, std::uint64_t seed,
                                 std::span<const T> gradient) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  ReferenceExchange<T> reference({.compressor = what.compressor,
                                  .feedback = what.feedback,
                                  .exchange = what.exchange,
                                  .tensor = std::string(kTensorName),
                                  .seed = seed,
                                  .shape = shape,
                                  .ranks = ranks});
  copy_states(communicator, arm, reference);
  const auto gradients = gather_on_first<T>(communicator, gradient);
  std::vector<T> estimate(gradient.size());
  StepContext context;
  context.step = arm.steps();
  if (communicator.rank() == 0) estimate = reference.step(gradients, context);
  return broadcast_from_first(communicator, std::move(estimate));
}

}  // namespace

template <Element T>
std::size_t check_step(Communicator& communicator, ReducerArm<T>& arm, const CollectiveCase& what,
                       const Shape& shape, std::uint64_t seed, std::span<T> x) {
  const auto expected =
      expected_estimate<T>(communicator, arm, what, shape, seed, std::span<const T>(x));
  arm.run(x);
  const auto first = broadcast_from_first(communicator, std::vector<T>(x.begin(), x.end()));
  const double allowed = tolerance(what) * largest<T>(expected);
  const std::size_t wrong =
      std::max(count_wrong<T>(x, expected, allowed), count_wrong<T>(x, first, 0));
  double all[] = {static_cast<double>(wrong)};
  communicator.all_reduce(std::span<double>(all));
  return static_cast<std::size_t>(all[0]);
}

#define PITH_INSTANTIATE(T)                                                             \
  template std::size_t check_step(Communicator&, ReducerArm<T>&, const CollectiveCase&, \
                                  const Shape&, std::uint64_t, std::span<T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith::bench
