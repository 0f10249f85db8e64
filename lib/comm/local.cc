// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <system_error>
#include <thread>
#include <vector>

#include <pith/comm/local.h>
#include <pith/comm/rendezvous.h>
#include <pith/comm/traffic.h>
#include <pith/core/error.h>

namespace pith {
namespace {

using local::Call;
using local::Group;
using local::LinkEnd;
using local::Operation;
using local::World;
using Calls = std::span<const Call>;

void copy(std::span<const std::byte> from, std::byte* to) {
  if (!from.empty() && from.data() != to) std::memcpy(to, from.data(), from.size());
}

std::size_t offset(std::span<const std::size_t> sizes, std::size_t block) {
  return std::accumulate(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(block),
                         std::size_t{0});
}

/// The elements of block `block` of p in a buffer of T.
template <Element T>
std::span<const T> block_of(std::span<const std::byte> x, std::size_t p, std::size_t block) {
  const std::size_t n = x.size() / sizeof(T);
  const std::size_t start = block_start(n, p, block);
  return {reinterpret_cast<const T*>(x.data()) + start, block_start(n, p, block + 1) - start};
}

template <Element T>
void add(std::span<const T> x, T* sum) {
  for (std::size_t i = 0; i < x.size(); ++i) sum[i] += x[i];
}

/// sum = x_0 + x_1 + ..., from left to right. `sum` may be x_0's own place.
template <Element T>
void sum_block(Calls calls, std::span<const std::byte> (*buffer)(const Call&), std::size_t block,
               T* sum) {
  const std::size_t p = calls.size();
  copy(std::as_bytes(block_of<T>(buffer(calls[0]), p, block)), reinterpret_cast<std::byte*>(sum));
  for (const Call& call : calls.subspan(1)) add(block_of<T>(buffer(call), p, block), sum);
}

/// Sums one block in rank 0's buffer and hands it to all. No other rank touches this block, and
/// one sum for all is what makes the bits the same.
template <Element T>
void all_reduce_block(Calls calls, std::size_t block) {
  const std::size_t start = block_start(calls[0].in.size() / sizeof(T), calls.size(), block);
  const auto place = [&](const Call& call) { return reinterpret_cast<T*>(call.in.data()) + start; };
  sum_block<T>(
      calls, [](const Call& call) -> std::span<const std::byte> { return call.in; }, block,
      place(calls[0]));
  const auto sum = std::as_bytes(block_of<T>(calls[0].in, calls.size(), block));
  for (const Call& call : calls) copy(sum, reinterpret_cast<std::byte*>(place(call)));
}

template <Element T>
void reduce_scatter_block(Calls calls, std::size_t block) {
  sum_block<T>(
      calls, [](const Call& call) { return call.out; }, block,
      reinterpret_cast<T*>(calls[block].in.data()));
}

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double now() { return Seconds(Clock::now().time_since_epoch()).count(); }

// The clock counts nanoseconds in 64 bits, which end after 292 years.
void sleep_until(double time) {
  constexpr double kEnd = 9e9;
  const auto since_epoch = std::chrono::ceil<Clock::duration>(Seconds(std::min(time, kEnd)));
  std::this_thread::sleep_until(Clock::time_point(since_epoch));
}

class LocalCommunicator final : public Communicator {
 public:
  /// `link` may be null: then operations take no longer than their work.
  LocalCommunicator(Group::Place place, std::shared_ptr<LinkEnd> link, int node)
      : group_(std::move(place.group)), rank_(place.rank), link_(std::move(link)), node_(node) {}

  int rank() const override { return rank_; }
  int size() const override { return group_->size(); }
  bool concurrent() const override { return true; }

  std::unique_ptr<Communicator> split(int color, int key) override {
    check_split(color);
    return regroup(color, key, link_);
  }

  std::unique_ptr<Communicator> split_node() override { return regroup(node_, 0, nullptr); }

 private:
  std::unique_ptr<Communicator> regroup(int color, int key, std::shared_ptr<LinkEnd> link) {
    group_->meet(rank_, {.operation = Operation::split, .color = color, .key = key});
    return std::make_unique<LocalCommunicator>(group_->regroup(rank_), std::move(link), node_);
  }

  void do_all_reduce(std::span<std::byte> x, ElementType type) override {
    together({.operation = Operation::all_reduce, .type = type, .in = x},
             traffic::all_reduce(x.size(), ranks()), [&](Calls calls) {
               if (type == ElementType::float32) return all_reduce_block<float>(calls, block());
               all_reduce_block<double>(calls, block());
             });
  }

  void do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                         ElementType type) override {
    together({.operation = Operation::reduce_scatter, .type = type, .out = x, .in = out},
             traffic::reduce_scatter(x.size(), ranks()), [&](Calls calls) {
               if (type == ElementType::float32) return reduce_scatter_block<float>(calls, block());
               reduce_scatter_block<double>(calls, block());
             });
  }

  void do_all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                       std::span<std::byte> all) override {
    together({.operation = Operation::all_gather, .out = mine, .in = all, .out_sizes = sizes},
             traffic::all_gather(sizes, block()), [&](Calls calls) {
               for (std::size_t r = 0; r < calls.size(); ++r) {
                 copy(calls[r].out, all.data() + offset(sizes, r));
               }
             });
  }

  void do_all_to_all_v(std::span<const std::byte> out, std::span<const std::size_t> out_sizes,
                       std::span<std::byte> in, std::span<const std::size_t> in_sizes) override {
    together({.operation = Operation::all_to_all,
              .out = out,
              .in = in,
              .out_sizes = out_sizes,
              .in_sizes = in_sizes},
             traffic::all_to_all(out_sizes, in_sizes, block()), [&](Calls calls) {
               for (std::size_t r = 0; r < calls.size(); ++r) {
                 const std::size_t start = offset(calls[r].out_sizes, block());
                 copy(calls[r].out.subspan(start, in_sizes[r]), in.data() + offset(in_sizes, r));
               }
             });
  }

  void do_broadcast(std::span<std::byte> x, int root) override {
    together({.operation = Operation::broadcast, .in = x, .root = root},
             traffic::broadcast(x.size(), ranks(), root == rank_),
             [&](Calls calls) { copy(calls[static_cast<std::size_t>(root)].in, x.data()); });
  }

  void do_barrier() override {
    together({.operation = Operation::barrier}, traffic::barrier(ranks()), [](Calls) {});
  }

  // The work takes place while the bytes are on their way, as it does on a network.
  template <class Work>
  void together(const Call& call, const Traffic& traffic, const Work& work) {
    const Calls calls = group_->meet(rank_, call);
    const double end = link_ ? link_->pass(traffic, now()) : 0;
    work(calls);
    if (link_) sleep_until(end);
    group_->part(rank_);
  }

  std::size_t block() const { return static_cast<std::size_t>(rank_); }
  std::size_t ranks() const { return static_cast<std::size_t>(size()); }

  std::shared_ptr<Group> group_;
  int rank_;
  std::shared_ptr<LinkEnd> link_;
  int node_;
};

void run_rank(World& world, std::shared_ptr<Group> group, int rank, const LocalOptions& options,
              const std::function<void(Communicator&)>& body) {
  try {
    auto link = options.link ? std::make_shared<LinkEnd>(*options.link) : nullptr;
    const int node = options.ranks_per_node > 0 ? rank / options.ranks_per_node : 0;
    LocalCommunicator communicator({std::move(group), rank}, std::move(link), node);
    body(communicator);
    world.leave(rank, "has ended", nullptr);
  } catch (const std::exception& error) {
    world.leave(rank, std::string("failed: ") + error.what(), std::current_exception());
  } catch (...) {
    world.leave(rank, "failed: unknown exception", std::current_exception());
  }
}

}  // namespace

void run_local(int ranks, const std::function<void(Communicator&)>& body,
               const LocalOptions& options) {
  if (ranks < 1)
    throw UsageError("run_local: " + std::to_string(ranks) + " ranks, at least 1 expected");
  if (options.ranks_per_node < 0) {
    throw UsageError("run_local: " + std::to_string(options.ranks_per_node) + " ranks per node");
  }
  if (options.link) options.link->check();
  const auto world = std::make_shared<World>();
  std::vector<int> members(static_cast<std::size_t>(ranks));
  std::iota(members.begin(), members.end(), 0);
  const auto group = std::make_shared<Group>(world, std::move(members));
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < ranks; ++rank) {
      try {
        threads.emplace_back([&, rank] { run_rank(*world, group, rank, options, body); });
      } catch (const std::system_error& error) {  // out of threads: let those that run go
        world->leave(rank, std::string("failed: ") + error.what(), std::current_exception());
        break;
      }
    }
  }
  if (world->first_exception) std::rethrow_exception(world->first_exception);
}

}  // namespace pith
