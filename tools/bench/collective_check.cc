// SPDX-License-Identifier: Apache-2.0
#include "collective_check.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <support/reference_exchange.h>

#include <pith/core/spec.h>
#include <pith/reducer/agreement.h>

#include "compare.h"

namespace pith::bench {
namespace {

// Every rank's `mine` on rank 0, in rank order, whatever its size. Empty elsewhere.
template <Element T>
std::vector<std::vector<T>> gather_on_first(Communicator& communicator, std::span<const T> mine) {
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
  std::vector<std::vector<T>> all;
  if (communicator.rank() != 0) return all;
  auto start = joined.begin();
  for (const std::size_t part : in) {
    const auto end = start + static_cast<std::ptrdiff_t>(part / sizeof(T));
    all.emplace_back(start, end);
    start = end;
  }
  return all;
}

template <Element T>
std::vector<T> broadcast_from_first(Communicator& communicator, std::vector<T> values) {
  communicator.broadcast(std::as_writable_bytes(std::span(values)), 0);
  return values;
}

std::size_t total(Communicator& communicator, std::size_t mine) {
  double sum[] = {static_cast<double>(mine)};
  communicator.all_reduce(std::span<double>(sum));
  return static_cast<std::size_t>(sum[0]);
}

// Of the largest value. 0: to the bit.
double tolerance(const CollectiveCase& what) {
  const bool plain_sum = what.compressor == "none" && what.exchange == "reduce_shards";
  for (const char* const exact :
       {"gather", "sharded", "sparse", "reduce_shards", "gather_shards"}) {
    if (what.exchange == exact && !plain_sum) return 0;
  }
  const std::string name = parse_pipeline(what.compressor).front().name;
  return name == "lowrank" || name == "acp" ? 1e-3 : 1e-5;
}

// The names of the reference's states on every rank, as the reducer calls them.
template <Element T>
std::vector<std::string> state_names(Communicator& communicator,
                                     test::ReferenceExchange<T>* reference) {
  std::string text;
  if (reference != nullptr) {
    for (const auto& state : reference->states(0)) {
      text += std::string(kTensorName) + "/" + state.name + "\n";
    }
  }
  std::istringstream lines(gather_texts(communicator, text).front());
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

// The `size` elements of a rank's `values` in a tensor of n that count: all, or its shard.
template <Element T>
std::span<const T> part_of_rank(std::span<const T> values, std::size_t size, std::size_t n,
                                std::size_t ranks, std::size_t rank) {
  return values.size() == size ? values : values.subspan(block_start(n, ranks, rank), size);
}

/// One step of an arm and its reference.
template <Element T>
class StepCheck {
 public:
  // The reference begins where the ranks are.
  StepCheck(Communicator& communicator, CompressedArm<T>& arm, const ArmCase& what)
      : communicator_(communicator),
        arm_(arm),
        what_(what),
        n_(what.shape.elements()),
        ranks_(static_cast<std::size_t>(communicator.size())),
        tolerance_(tolerance(what.what)) {
    if (communicator.rank() == 0) {
      reference_ = std::make_unique<test::ReferenceExchange<T>>(
          test::ReferenceCase{.compressor = what.what.compressor,
                              .feedback = what.what.feedback,
                              .exchange = what.what.exchange,
                              .tensor = std::string(kTensorName),
                              .seed = what.seed,
                              .shape = what.shape,
                              .ranks = ranks_});
    }
    states_ = state_names(communicator, reference_.get());
    for (std::size_t s = 0; s < states_.size(); ++s) {
      const Vectors all = gather_state(states_[s]);
      for (std::size_t r = 0; r < all.size(); ++r) set_state(all, s, r);
    }
  }

  // Elements of this rank's result that are wrong.
  std::size_t step(std::span<T> x) {
    const auto all = expected_estimate(x);
    arm_.run(x);
    const auto result = arm_.result(x);
    const auto expected =
        slice(std::span<const T>(all), received(what_.collective, communicator_, n_));
    largest_ = largest<T>(all);
    const std::size_t wrong = count_wrong<T>(result, expected, tolerance_ * largest_);
    if (what_.collective == Collective::reduce_scatter) return wrong;
    const auto first =
        broadcast_from_first(communicator_, std::vector<T>(result.begin(), result.end()));
    return std::max(wrong, count_wrong<T>(result, first, 0));
  }

  // Elements of all ranks' states that are wrong after the step; counted on rank 0.
  std::size_t count_wrong_states() {
    std::size_t wrong = 0;
    for (std::size_t s = 0; s < states_.size(); ++s) {
      const Vectors all = gather_state(states_[s]);
      for (std::size_t r = 0; r < all.size(); ++r) {
        if (all[r].empty()) continue;
        const std::span<const T> reference = reference_->states(r)[s].values;
        const std::size_t size = std::min(all[r].size(), reference.size());
        const auto expected = part_of_rank(reference, size, n_, ranks_, r);
        const auto kept = part_of_rank(std::span<const T>(all[r]), size, n_, ranks_, r);
        const double allowed = tolerance_ * std::max(largest_, largest<T>(expected));
        wrong += count_wrong<T>(kept, expected, allowed);
      }
    }
    return wrong;
  }

 private:
  using Vectors = std::vector<std::vector<T>>;

  // Of what all ranks keep alike, a rank may have its shard alone, and so may the reference's: it
  // is put together from all, or taken apart.
  void set_state(const Vectors& all, std::size_t s, std::size_t rank) {
    const std::span<T> reference = reference_->states(rank)[s].values;
    if (all[rank].size() >= reference.size()) {
      std::ranges::copy(
          part_of_rank(std::span<const T>(all[rank]), reference.size(), n_, ranks_, rank),
          reference.begin());
      return;
    }
    auto out = reference.begin();
    for (const auto& shard : all) out = std::ranges::copy(shard, out).out;
  }

  // What a reducer does not hold is empty: states of an empty shard, and of a rule that changes
  // nothing because nothing is compressed.
  Vectors gather_state(const std::string& name) {
    const auto mine = arm_.states();
    const auto found = std::ranges::find(mine, name, &StateView<T>::name);
    return gather_on_first<T>(communicator_,
                              found == mine.end() ? std::span<const T>() : found->values);
  }

  std::vector<T> expected_estimate(std::span<const T> gradient) {
    const auto mine = slice(gradient, given(what_.collective, communicator_, n_));
    const Vectors gradients = gather_on_first<T>(communicator_, mine);
    std::vector<T> estimate(n_);
    StepContext context;
    context.step = arm_.steps();
    if (reference_) estimate = reference_->step(gradients, context);
    return broadcast_from_first(communicator_, std::move(estimate));
  }

  Communicator& communicator_;
  CompressedArm<T>& arm_;
  const ArmCase& what_;
  std::size_t n_;
  std::size_t ranks_;
  std::unique_ptr<test::ReferenceExchange<T>> reference_;  // on rank 0
  std::vector<std::string> states_;                        // names, as a reducer's
  double tolerance_;
  double largest_ = 0;  // of the estimate
};

}  // namespace

template <Element T>
std::size_t check_step(Communicator& communicator, CompressedArm<T>& arm, const ArmCase& what,
                       std::span<T> x) {
  StepCheck<T> check(communicator, arm, what);
  const std::size_t wrong = check.step(x);
  return total(communicator, wrong + check.count_wrong_states());
}

template std::size_t check_step(Communicator&, CompressedArm<float>&, const ArmCase&,
                                std::span<float>);
template std::size_t check_step(Communicator&, CompressedArm<double>&, const ArmCase&,
                                std::span<double>);

}  // namespace pith::bench
