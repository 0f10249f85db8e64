// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/vector.h>

#include "golden/trial.h"

// Conservation: where a compressor selects elements, what was sent and what is kept for later are
// the composed gradient, bit for bit, on every rank and again at the owner of a shard.
namespace pith::test {
namespace {

constexpr std::uint64_t kSteps = 20;

const std::vector<LegalCase> kSelections{{"topk(density=0.1)", "gather", "ef14"},
                                         {"topk(density=0.1)", "sharded", "ef14"},
                                         {"topk(k=77)", "gather", "ef14"},
                                         {"threshold(value=0.5)", "gather", "ef14"},
                                         {"threshold(value=0.5)", "sharded", "ef14"},
                                         {"threshold(value=9)", "gather", "ef14"},
                                         {"topk(density=0.1)", "sparse", "ef14"},
                                         {"threshold(value=0.5)", "sparse", "ef14"},
                                         {"randomk(density=0.1)", "linear", "ef14"},
                                         {"arctopk(density=0.1,block=4)", "linear", "ef14"}};

/// One rank's view of one tensor in one step.
template <Element T>
struct Account {
  std::vector<T> composed;      // g + e
  std::vector<T> kept;          // e'
  std::vector<T> owner_before;  // its own elements only, as the next one
  std::vector<T> owner_after;
  std::vector<T> estimate;
};

template <Element T>
std::vector<T> sum(const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> out(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) out[j] = x[j] + y[j];
  return out;
}

// An owner has no residual before its first step.
template <Element T>
void step_before(Trial<T>& trial) {
  trial.draw(kSteps);
  trial.exchange();
}

template <Element T>
std::vector<Account<T>> step_of(Trial<T>& trial, std::uint64_t step) {
  std::vector<Account<T>> accounts(trial.size());
  trial.draw(step);
  for (std::size_t i = 0; i < trial.size(); ++i) {
    accounts[i].composed = sum(trial[i], trial.state(i, "residual"));
    accounts[i].owner_before = trial.state_or_zeros(i, "owner_residual");
  }
  trial.exchange();
  for (std::size_t i = 0; i < trial.size(); ++i) {
    accounts[i].kept = trial.state(i, "residual");
    accounts[i].owner_after = trial.state_or_zeros(i, "owner_residual");
    accounts[i].estimate = trial[i];
  }
  return accounts;
}

// In the order in which the ranks' messages are summed, so that the result has the same bits.
template <Element T>
std::vector<T> mean_sent(const std::vector<const Account<T>*>& ranks) {
  std::vector<T> mean(ranks.front()->composed.size());
  for (const Account<T>* rank : ranks) {
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += rank->composed[j] - rank->kept[j];
  }
  for (T& value : mean) value /= static_cast<T>(ranks.size());
  return mean;
}

// By case, except where all 77 elements are sent; residuals of zeros would make this test easy.
template <Element T>
void expect_something_is_kept(const std::vector<std::vector<std::vector<Account<T>>>>& by_rank) {
  for (std::size_t i = 0; i < kSelections.size(); ++i) {
    double kept = 0;
    double owned = 0;
    for (const auto& rank : by_rank) {
      kept += squared_norm(std::span(rank.back()[i].kept));
      owned += squared_norm(std::span(rank.back()[i].owner_after));
    }
    EXPECT_EQ(kept > 0, kSelections[i].compressor != "topk(k=77)") << name_of(kSelections[i]);
    // The owner of all elements of one rank's message sends all that it gets.
    const bool owns = kSelections[i].exchange == "sharded" && by_rank.size() > 1;
    EXPECT_EQ(owned > 0, owns) << name_of(kSelections[i]);
  }
}

template <Element T>
void expect_conservation(std::size_t ranks) {
  std::vector<std::vector<std::vector<Account<T>>>> by_rank(ranks);
  run_local(static_cast<int>(ranks), [&](Communicator& communicator) {
    Trial<T> trial(communicator, kSelections);
    step_before(trial);
    auto& mine = by_rank[static_cast<std::size_t>(communicator.rank())];
    for (std::uint64_t step = 0; step < kSteps; ++step) mine.push_back(step_of(trial, step));
  });
  expect_something_is_kept(by_rank);
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    for (std::size_t i = 0; i < kSelections.size(); ++i) {
      std::vector<const Account<T>*> all;
      for (const auto& rank : by_rank) all.push_back(&rank[step][i]);
      auto before = mean_sent(all);
      auto after = all.front()->estimate;
      for (const Account<T>* rank : all) {
        before = sum(before, rank->owner_before);
        after = sum(after, rank->owner_after);
      }
      ASSERT_EQ(before, after) << name_of(kSelections[i]) << ", step " << step;
    }
  }
}

TEST(U1, SelectionConservesEveryBitInFloat) {
  for (const std::size_t ranks : {1u, 3u}) expect_conservation<float>(ranks);
}

TEST(U1, SelectionConservesEveryBitInDouble) {
  for (const std::size_t ranks : {1u, 3u}) expect_conservation<double>(ranks);
}

}  // namespace
}  // namespace pith::test
