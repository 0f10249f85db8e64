// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/log.h>
#include <pith/reducer/impl.h>

// How the units travel in the next step, and in which buckets.
namespace pith {
namespace {

bool is_open(const std::vector<Choice>& ways) { return ways.size() > 1; }

std::vector<std::vector<Choice>> ways_at(const std::vector<UnitPlan>& plan,
                                         const Settings& settings, std::uint64_t step) {
  std::vector<std::vector<Choice>> ways;
  for (const UnitPlan& unit : plan) ways.push_back(choices_at(unit, settings, step));
  return ways;
}

}  // namespace

// Link and codecs are measured before the first step, also for what a schedule brings later.
void Reducer::Impl::measure() {
  const auto open = [&](std::uint64_t step) {
    return std::ranges::any_of(ways_at(plan_, settings_, step), is_open);
  };
  if (!std::ranges::any_of(changes_, open)) return;
  automatic_.emplace(communicator_, nodes_ ? nodes_->peers() : communicator_, plan_,
                     parts_ ? parts_->units : plan_, settings_.options.bucket_bytes);
  // So that no codec is measured for the first time behind a step.
  for (const std::uint64_t step : changes_) {
    automatic_->form(ways_at(plan_, settings_, step), order_by_last_tensor(plan_, positions_),
                     step);
  }
}

// Collective where something is left to be decided. All ranks come here, at the start and behind
// the agreement of each step.
void Reducer::Impl::decide() {
  const bool new_ways = order_is_new_ || changes_.contains(step_);
  const bool due = automatic_ && automatic_->due_at(step_);
  if (!new_ways && !due) return;
  std::vector<Choice> decided;
  const auto ways = ways_at(plan_, settings_, step_);
  if (automatic_) {
    if (new_ways) automatic_->form(ways, order_by_last_tensor(plan_, positions_), step_);
    decided = automatic_->decide(step_);
  } else {
    for (const auto& of_unit : ways) decided.push_back(of_unit.front());
  }
  plan_is_new_ = plan_is_new_ || order_is_new_ || decided != decided_ || (automatic_ && new_ways);
  order_is_new_ = false;
  decided_ = std::move(decided);
}

// Nothing is built in steps in which nothing changes.
void Reducer::Impl::prepare() {
  if (!plan_is_new_) return;
  static const std::vector<std::size_t> kNoGroups;
  const auto buckets =
      plan_buckets(plan_, decided_, automatic_ ? automatic_->groups() : kNoGroups,
                   settings_.options.bucket_bytes, order_by_last_tensor(plan_, positions_));
  floats_->prepare(decided_, buckets);
  doubles_->prepare(decided_, buckets);
  number_buckets(buckets);
  choices_ = decided_;
  plan_is_new_ = false;
  built_anew_ = true;
  ++epoch_;
  log(LogLevel::info, "INIT",
      "step " + std::to_string(step_) + ": " + std::to_string(plan_.size()) + " units in " +
          std::to_string(buckets.size()) + " buckets");
}

// In the order of their exchange: those of floats, then those of doubles.
void Reducer::Impl::number_buckets(const std::vector<BucketPlan>& buckets) {
  bucket_of_.assign(tensors_.size(), 0);
  missing_.assign(buckets.size(), 0);
  std::size_t number = 0;
  for (const ElementType type : {ElementType::float32, ElementType::float64}) {
    for (const BucketPlan& bucket : buckets) {
      if (bucket.type != type) continue;
      for (const std::size_t u : bucket.units) {
        for (const std::size_t t : plan_[u].tensors) bucket_of_[t] = number;
      }
      ++number;
    }
  }
}

}  // namespace pith
