// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <pith/comm/call.h>

namespace pith::local {

/// The ranks of one run_local() and who of them has left. All groups of ranks share its lock, so
/// that a rank that leaves wakes whoever waits for it, in any group.
struct World {
  struct Departure {
    int rank;
    std::string how;
  };

  /// Notes that `rank` has left its body: `how` is "has ended" or "failed: ...".
  void leave(int rank, std::string how, std::exception_ptr exception);

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Departure> departures;  // in the order of time
  std::exception_ptr first_exception;
};

/// Where the ranks of one communicator meet. Ranks are numbered within the group.
///
/// An operation is: meet(), read the others' spans and write the own, part().
class Group {
 public:
  /// `members` are the group's ranks by their number in the world.
  Group(std::shared_ptr<World> world, std::vector<int> members);

  int size() const { return static_cast<int>(members_.size()); }

  /// Waits until every rank has brought its call and gives all of them.
  /// Throws   UsageError, the same on every rank, if the calls do not fit: the group can go on.
  ///          TransportError if a rank has left that did not bring its call.
  std::span<const Call> meet(int rank, const Call& call);

  /// Waits until every rank has come here, after which spans may change again.
  void part(int rank);

  /// The group of the ranks that met with the same color. Called by all between meet() and part().
  struct Place {
    std::shared_ptr<Group> group;
    int rank;
  };
  Place regroup(int rank);

 private:
  void arrive(std::unique_lock<std::mutex>& lock, int rank);
  std::string absence() const;
  std::vector<int> same_color(int rank) const;

  const std::shared_ptr<World> world_;
  const std::vector<int> members_;
  std::vector<Call> calls_;
  std::vector<std::shared_ptr<Group>> founded_;  // by the first rank of each color
  std::string mismatch_;
  std::size_t arrived_ = 0;
  unsigned long round_ = 0;
};

}  // namespace pith::local
