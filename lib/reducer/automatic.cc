// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/core/log.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/automatic.h>

namespace pith {
namespace {

constexpr double kTrust = 1.5;  // predictions are off by less, mostly
constexpr double kWorthAChange = 0.95;
constexpr double kForgotten = 0.98;

// A unit that is larger than a bucket has one for itself.
std::size_t largest_bucket(const std::vector<UnitPlan>& units, std::size_t bucket_bytes) {
  std::size_t all = 0;
  std::size_t largest = 0;
  for (const UnitPlan& unit : units) {
    const std::size_t bytes = unit.elements * size_of(unit.type);
    all += bytes;
    largest = std::max(largest, bytes);
  }
  return std::max(largest, std::min(all, bucket_bytes));
}

std::string milliseconds(double seconds) { return std::to_string(seconds * 1e3) + " ms"; }

}  // namespace

Automatic::Automatic(Communicator& all, Communicator& peers, const std::vector<UnitPlan>& plan,
                     const std::vector<UnitPlan>& parts, std::size_t bucket_bytes)
    : communicator_(all),
      plan_(plan),
      parts_(parts),
      bucket_bytes_(bucket_bytes),
      model_(peers, largest_bucket(parts, bucket_bytes)) {}

void Automatic::form(const std::vector<std::vector<Choice>>& ways,
                     const std::vector<std::size_t>& order, std::uint64_t step) {
  formed_ = step;
  form_groups(ways, order);
  communicator_.barrier();  // ranks that share cores measure at the same time, as they will work
  std::string error;
  try {
    predict();
  } catch (const std::exception& failure) {
    error = std::string("auto: ") + failure.what();
  }
  share_error(communicator_, error);
}

void Automatic::form_groups(const std::vector<std::vector<Choice>>& ways,
                            const std::vector<std::size_t>& order) {
  groups_.clear();
  group_of_.assign(ways.size(), 0);
  choices_.clear();
  for (const auto& of_unit : ways) choices_.push_back(of_unit.front());
  std::size_t bytes = 0;
  for (const std::size_t u : order) {
    if (ways[u].size() < 2) continue;
    const std::size_t more = plan_[u].elements * size_of(plan_[u].type);
    const auto alike = [&](std::size_t other) {
      return plan_[other].type == plan_[u].type && ways[other] == ways[u];
    };
    if (groups_.empty() || bytes + more > bucket_bytes_ || !alike(groups_.back().units.front())) {
      Group& group = groups_.emplace_back();
      for (const Choice& choice : ways[u]) group.ways.emplace_back().choice = choice;
      bytes = 0;
    }
    groups_.back().units.push_back(u);
    group_of_[u] = groups_.size();
    bytes += more;
  }
}

void Automatic::predict() {
  for (Group& group : groups_) {
    for (Way& way : group.ways) way.predicted = model_.seconds(way.choice, parts_, group.units);
  }
}

bool Automatic::due(std::uint64_t age) {
  if (age <= kTrialSteps) return age % kTrial == 0;
  return age % kDecideEvery == 0 || age % kDecideEvery == kTrial;
}

double Automatic::expected(const Way& way) {
  return way.doubt * way.measured.value_or(way.predicted / kTrust);
}

double Automatic::known(const Way& way) {
  constexpr double kUnknown = 1e9;  // far behind what was measured, in the order of predictions
  return way.measured.value_or(kUnknown + way.predicted);
}

void Automatic::forget(Group& group) {
  for (Way& way : group.ways) {
    if (&way != &group.ways[group.chosen]) way.doubt *= kForgotten;
  }
}

void Automatic::choose(std::uint64_t age) {
  const bool tries = age < kTrialSteps || age % kDecideEvery == 0;
  const auto score = tries ? expected : known;
  for (Group& group : groups_) {
    if (tries && age > kTrialSteps) forget(group);
    const auto fastest = std::ranges::min_element(group.ways, {}, score);
    if (score(*fastest) >= kWorthAChange * score(group.ways[group.chosen])) continue;
    group.chosen = static_cast<std::uint8_t>(fastest - group.ways.begin());
  }
}

std::vector<std::uint8_t> Automatic::chosen() const {
  std::vector<std::uint8_t> all(groups_.size());
  std::ranges::transform(groups_, all.begin(), &Group::chosen);
  return all;
}

std::vector<Choice> Automatic::decide(std::uint64_t step) {
  const auto before = chosen();
  choose(step - formed_);
  auto decided = chosen();
  communicator_.broadcast(std::as_writable_bytes(std::span(decided)), 0);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    group.chosen = decided[g];
    Way& way = group.ways[group.chosen];
    const bool another = decided[g] != before[g];
    if (another) way.this_time = 0;
    for (const std::size_t u : group.units) choices_[u] = way.choice;
    const bool tell = another || step == formed_ || step == formed_ + kTrialSteps;
    if (tell && communicator_.rank() == 0) say(step, group);
  }
  return choices_;
}

void Automatic::learn(std::span<const double> seconds) {
  for (Group& group : groups_) {
    double sum = 0;
    bool all = true;
    for (const std::size_t u : group.units) {
      all = all && seconds[u] >= 0;
      sum += seconds[u];
    }
    if (all) learn(group.ways[group.chosen], sum);
  }
}

void Automatic::learn(Way& way, double seconds) {
  ++way.steps;
  if (++way.this_time == 1) return;  // it grew its buffers
  const std::uint64_t count = way.this_time - 1;
  way.last[(count - 1) % way.last.size()] = seconds;
  auto sorted = way.last;
  const auto end =
      sorted.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(count, sorted.size()));
  const auto middle = sorted.begin() + (end - sorted.begin()) / 2;
  std::nth_element(sorted.begin(), middle, end);
  way.measured = *middle;
  way.doubt = 1;
}

void Automatic::say(std::uint64_t step, const Group& group) const {
  std::size_t elements = 0;
  for (const std::size_t u : group.units) elements += plan_[u].elements;
  std::string line = "step " + std::to_string(step) + ": " + plan_[group.units.front()].name;
  if (group.units.size() > 1) line += " and " + std::to_string(group.units.size() - 1) + " more";
  line += ", " + std::to_string(elements) + " elements: " + group.ways[group.chosen].choice.text();
  for (const Way& way : group.ways) {
    line += "; " + way.choice.text() + ": predicted " + milliseconds(way.predicted);
    if (way.measured) line += ", measured " + milliseconds(*way.measured);
  }
  log(LogLevel::info, "AUTO", line);
}

std::vector<AutomaticStatistics> Automatic::statistics() const {
  std::vector<AutomaticStatistics> all;
  for (const Group& group : groups_) {
    AutomaticStatistics& one = all.emplace_back();
    for (const std::size_t u : group.units) {
      one.units.push_back(plan_[u].name);
      one.elements += plan_[u].elements;
    }
    one.chosen = group.chosen;
    for (const Way& way : group.ways) {
      one.ways.push_back({text_of(way.choice.pipeline), std::string(name_of(way.choice.exchange)),
                          way.predicted, way.measured.value_or(-1), way.steps});
    }
  }
  return all;
}

}  // namespace pith
