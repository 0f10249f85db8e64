// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/core/log.h>
#include <pith/reducer/automatic.h>

namespace pith {
namespace {

constexpr double kTrust = 1.5;    // predictions are off by less, mostly
constexpr double kNewest = 0.25;  // of a slower step in what was measured
constexpr double kWorthAChange = 0.95;
constexpr double kForgotten = 0.98;  // of what was measured is left after each decision

std::string milliseconds(double seconds) { return std::to_string(seconds * 1e3) + " ms"; }

}  // namespace

Automatic::Automatic(Communicator& communicator, const std::vector<UnitPlan>& plan,
                     std::size_t bucket_bytes)
    : communicator_(communicator),
      plan_(plan),
      bucket_bytes_(bucket_bytes),
      model_(communicator, largest_bucket(bucket_bytes)) {}

// A unit that is larger than a bucket has one for itself.
std::size_t Automatic::largest_bucket(std::size_t bucket_bytes) const {
  std::size_t all = 0;
  std::size_t largest = 0;
  for (const UnitPlan& unit : plan_) {
    const std::size_t bytes = unit.elements * size_of(unit.type);
    all += bytes;
    largest = std::max(largest, bytes);
  }
  return std::max(largest, std::min(all, bucket_bytes));
}

bool Automatic::due(std::uint64_t step) {
  if (step < kTrialSteps) return step % kTrial == 0;
  return step % kDecideEvery == 0 || step % kDecideEvery == kTrial;
}

double Automatic::expected(const Way& way) { return way.measured.value_or(way.predicted / kTrust); }

// Units with the same ways, next to each other in the order, up to a bucket's size.
void Automatic::form_buckets(const std::vector<std::vector<Choice>>& ways,
                             const std::vector<std::size_t>& order) {
  buckets_.clear();
  std::size_t bytes = 0;
  for (const std::size_t u : order) {
    if (ways[u].size() < 2) continue;
    const std::size_t more = plan_[u].elements * size_of(plan_[u].type);
    const bool fits = !buckets_.empty() && bytes + more <= bucket_bytes_ &&
                      ways[buckets_.back().units.front()] == ways[u];
    if (!fits) {
      Bucket& bucket = buckets_.emplace_back();
      for (const Choice& choice : ways[u])
        bucket.ways.push_back({.choice = choice, .measured = {}});
      bytes = 0;
    }
    buckets_.back().units.push_back(u);
    bytes += more;
  }
}

void Automatic::predict() {
  for (Bucket& bucket : buckets_) {
    for (Way& way : bucket.ways) {
      way.predicted = model_.seconds(way.choice, plan_, bucket.units);
    }
  }
}

void Automatic::choose(std::uint64_t step) {
  const bool forgets = step >= kTrialSteps && step % kDecideEvery == 0;
  for (Bucket& bucket : buckets_) {
    for (Way& way : bucket.ways) {
      const bool in_use = &way == &bucket.ways[bucket.chosen];
      if (forgets && way.measured && !in_use) *way.measured *= kForgotten;
    }
    const auto fastest = std::ranges::min_element(bucket.ways, {}, expected);
    const double now = expected(bucket.ways[bucket.chosen]);
    if (expected(*fastest) > kWorthAChange * now) continue;
    bucket.chosen = static_cast<std::uint8_t>(fastest - bucket.ways.begin());
  }
}

std::vector<Choice> Automatic::decide(const std::vector<std::vector<Choice>>& ways,
                                      const std::vector<std::size_t>& order, std::uint64_t step) {
  if (ways != ways_ || order != order_) {
    form_buckets(ways, order);
    communicator_.barrier();  // ranks that share cores measure at the same time, as they work
    predict();
    ways_ = ways;
    order_ = order;
  }
  std::vector<std::uint8_t> before;
  for (const Bucket& bucket : buckets_) before.push_back(bucket.chosen);
  choose(step);
  auto decided = before;
  std::ranges::transform(buckets_, decided.begin(), &Bucket::chosen);
  communicator_.broadcast(std::as_writable_bytes(std::span(decided)), 0);
  std::vector<Choice> all;
  for (const auto& unit_ways : ways) all.push_back(unit_ways.front());
  for (std::size_t b = 0; b < buckets_.size(); ++b) {
    Bucket& bucket = buckets_[b];
    bucket.chosen = decided[b];
    Way& way = bucket.ways[bucket.chosen];
    if (bucket.chosen != before[b]) way.this_time = 0;
    for (const std::size_t u : bucket.units) all[u] = way.choice;
    if (communicator_.rank() == 0) say(step, bucket, before[b]);
  }
  return all;
}

void Automatic::learn(std::span<const double> seconds) {
  for (Bucket& bucket : buckets_) {
    double sum = 0;
    for (const std::size_t u : bucket.units) sum += seconds[u];
    Way& way = bucket.ways[bucket.chosen];
    ++way.steps;
    // The first step in another way grows its buffers; what was measured long ago has had its day.
    if (++way.this_time == 1) continue;
    const double before = way.this_time == 2 ? sum : *way.measured;
    way.measured = sum < before ? sum : before + kNewest * (sum - before);
  }
}

std::string Automatic::text_of(const Bucket& bucket) const {
  std::size_t elements = 0;
  for (const std::size_t u : bucket.units) elements += plan_[u].elements;
  return plan_[bucket.units.front()].name + " and " + std::to_string(bucket.units.size() - 1) +
         " more units, " + std::to_string(elements) + " elements";
}

void Automatic::say(std::uint64_t step, const Bucket& bucket, std::uint8_t before) const {
  const Way& way = bucket.ways[bucket.chosen];
  if (way.steps > 0 && bucket.chosen == before) return;
  std::string line = "step " + std::to_string(step) + ": " + text_of(bucket) + ": " +
                     way.choice.text() + ", predicted " + milliseconds(way.predicted);
  for (const Way& other : bucket.ways) {
    line += "; " + other.choice.text() + " predicted " + milliseconds(other.predicted);
    if (other.measured) line += " measured " + milliseconds(*other.measured);
  }
  log(LogLevel::info, "AUTO", line);
}

std::vector<AutomaticStatistics> Automatic::statistics() const {
  std::vector<AutomaticStatistics> all;
  for (const Bucket& bucket : buckets_) {
    AutomaticStatistics& one = all.emplace_back();
    for (const std::size_t u : bucket.units) {
      one.units.push_back(plan_[u].name);
      one.elements += plan_[u].elements;
    }
    one.chosen = bucket.chosen;
    for (const Way& way : bucket.ways) {
      one.ways.push_back({pith::text_of(way.choice.pipeline),
                          std::string(name_of(way.choice.exchange)), way.predicted,
                          way.measured.value_or(-1), way.steps});
    }
  }
  return all;
}

}  // namespace pith
