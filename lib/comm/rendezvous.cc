// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <pith/comm/rendezvous.h>
#include <pith/core/error.h>

namespace pith::local {

void World::leave(int rank, std::string how, std::exception_ptr exception) {
  const std::lock_guard lock(mutex);
  departures.push_back({rank, std::move(how)});
  if (!first_exception) first_exception = std::move(exception);
  changed.notify_all();
}

Group::Group(std::shared_ptr<World> world, std::vector<int> members)
    : world_(std::move(world)),
      members_(std::move(members)),
      calls_(members_.size()),
      founded_(members_.size()) {}

std::span<const Call> Group::meet(int rank, const Call& call) {
  std::unique_lock lock(world_->mutex);
  calls_[static_cast<std::size_t>(rank)] = call;
  if (arrived_ + 1 == members_.size()) mismatch_ = mismatch(calls_);
  arrive(lock, rank);
  if (!mismatch_.empty()) throw UsageError(mismatch_);
  return calls_;
}

void Group::part(int rank) {
  std::unique_lock lock(world_->mutex);
  arrive(lock, rank);
}

void Group::arrive(std::unique_lock<std::mutex>& lock, int rank) {
  const auto round = round_;
  if (++arrived_ == members_.size()) {
    arrived_ = 0;
    ++round_;
    world_->changed.notify_all();
    return;
  }
  world_->changed.wait(lock, [&] { return round_ != round || !absence().empty(); });
  if (round_ != round) return;
  --arrived_;  // or a later call of this rank would be taken for the absent one's
  throw TransportError(text(calls_[static_cast<std::size_t>(rank)]) + " on rank " +
                       std::to_string(rank) + ": " + absence());
}

std::string Group::absence() const {
  for (const World::Departure& departure : world_->departures) {
    const auto member = std::ranges::find(members_, departure.rank);
    if (member == members_.end()) continue;
    return "rank " + std::to_string(member - members_.begin()) + " " + departure.how;
  }
  return "";
}

std::vector<int> Group::same_color(int rank) const {
  const int color = calls_[static_cast<std::size_t>(rank)].color;
  std::vector<int> ranks;
  for (int other = 0; other < size(); ++other) {
    if (calls_[static_cast<std::size_t>(other)].color == color) ranks.push_back(other);
  }
  std::ranges::stable_sort(ranks, {},
                           [&](int other) { return calls_[static_cast<std::size_t>(other)].key; });
  return ranks;
}

Group::Place Group::regroup(int rank) {
  const std::vector<int> ranks = same_color(rank);
  auto& founded = founded_[static_cast<std::size_t>(ranks.front())];
  if (rank == ranks.front()) {
    std::vector<int> members;
    for (const int other : ranks) members.push_back(members_[static_cast<std::size_t>(other)]);
    founded = std::make_shared<Group>(world_, std::move(members));
  }
  part(rank);
  const Place place{founded, static_cast<int>(std::ranges::find(ranks, rank) - ranks.begin())};
  part(rank);
  if (rank == ranks.front()) founded.reset();
  return place;
}

}  // namespace pith::local
