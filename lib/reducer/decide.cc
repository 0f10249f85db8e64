// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/hash.h>
#include <pith/core/log.h>
#include <pith/reducer/impl.h>

// How the units travel in the next step, and in which buckets.
namespace pith {
namespace {

bool is_open(const std::vector<Choice>& ways) { return ways.size() > 1; }

// Equal on all ranks, or they would not find each other.
std::uint64_t hash_of(const std::vector<Choice>& choices) {
  std::string text;
  for (const Choice& choice : choices) text += choice.text() + '\n';
  return hash(text);
}

}  // namespace

std::vector<std::vector<Choice>> Reducer::Impl::ways_at(std::uint64_t step) const {
  std::vector<std::vector<Choice>> ways;
  for (const UnitPlan& unit : plan_) ways.push_back(choices_at(unit, settings_, step));
  return ways;
}

void Reducer::Impl::make_adaptive() {
  const auto open = [&](std::uint64_t step) {
    return std::ranges::any_of(
        plan_, [&](const UnitPlan& unit) { return Adaptive::is_open(unit, settings_, step); });
  };
  if (!std::ranges::any_of(changes_, open)) return;
  adaptive_.emplace(communicator_, nodes_ ? nodes_->peers() : communicator_, plan_,
                    parts_ ? parts_->units : plan_, settings_);
  adaptive_->check(changes_);
}

// Link and codecs are measured before the first step, also for what a schedule brings later.
void Reducer::Impl::measure() {
  // What a policy chooses is no way of these.
  const auto fixed_ways_at = [&](std::uint64_t step) {
    auto ways = ways_at(step);
    for (std::size_t u = 0; u < plan_.size(); ++u) {
      if (Adaptive::is_open(plan_[u], settings_, step)) ways[u].resize(1);
    }
    return ways;
  };
  const auto open = [&](std::uint64_t step) {
    return std::ranges::any_of(fixed_ways_at(step), is_open);
  };
  if (!std::ranges::any_of(changes_, open)) return;
  automatic_.emplace(communicator_, nodes_ ? nodes_->peers() : communicator_, plan_,
                     parts_ ? parts_->units : plan_, settings_.options.bucket_bytes);
  // So that no codec is measured for the first time behind a step.
  for (const std::uint64_t step : changes_) {
    automatic_->form(fixed_ways_at(step), order_by_last_tensor(plan_, positions_), step);
  }
}

// Whether a unit does from the next step on. Collective if there is a fallback and the step was
// measured.
bool Reducer::Impl::falls_back() {
  const bool measured = round_ && round_->measure_error;
  return fallback_ && measured && fallback_->share(step_, choices_, *health_, scratch_);
}

// Collective where something is left to be decided. All ranks come here, at the start and behind
// the agreement of each step.
void Reducer::Impl::decide() {
  ways_are_new_ = falls_back() || ways_are_new_;
  const bool new_ways = ways_are_new_ || changes_.contains(step_);
  const bool due =
      (automatic_ && automatic_->due_at(step_)) || (adaptive_ && adaptive_->due_at(step_));
  if (!new_ways && !due) return;
  ways_are_new_ = new_ways;  // also if a policy throws
  std::vector<Choice> decided;
  auto ways = ways_at(step_);
  if (adaptive_) {
    if (new_ways) adaptive_->form(ways, step_);
    adaptive_->decide(step_);
    adaptive_->narrow(ways);
  }
  if (fallback_) fallback_->narrow(ways, step_);
  for (const auto& of_unit : ways) decided.push_back(of_unit.front());
  if (automatic_) {
    if (new_ways) automatic_->form(ways, order_by_last_tensor(plan_, positions_), step_);
    const auto fastest = automatic_->decide(step_);
    for (std::size_t u = 0; u < ways.size(); ++u) {
      if (is_open(ways[u])) decided[u] = fastest[u];
    }
  }
  plan_is_new_ = plan_is_new_ || ways_are_new_ || decided != decided_ || (automatic_ && new_ways);
  ways_are_new_ = false;
  decided_ = std::move(decided);
}

// Units that do not share buckets with others: those that are measured, and those that travel
// between devices.
std::vector<std::size_t> Reducer::Impl::groups() const {
  std::vector<std::size_t> of_unit;
  if (automatic_) of_unit = automatic_->groups();
  const auto& device = settings_.options.device;
  if (!device || !device->goes_between_devices()) return of_unit;
  of_unit.resize(plan_.size());
  const std::size_t own = plan_.size();
  for (std::size_t u = 0; u < plan_.size(); ++u) {
    if (plan_[u].space == Space::device) of_unit[u] = own;
  }
  return of_unit;
}

// Nothing is built in steps in which nothing changes.
void Reducer::Impl::prepare() {
  if (!plan_is_new_) return;
  const auto buckets = plan_buckets(plan_, decided_, groups(), settings_.options.bucket_bytes,
                                    order_by_last_tensor(plan_, positions_));
  share_errors_of([&] {
    floats_->prepare(decided_, buckets);
    doubles_->prepare(decided_, buckets);
  });
  number_buckets(buckets);
  choices_ = decided_;
  choices_digest_ = hash_of(choices_);
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
