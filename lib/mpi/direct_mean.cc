// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <pith/mpi/direct_mean.h>
#include <pith/mpi/mean_of_parts.h>

namespace pith::mpi {
namespace {

constexpr std::size_t kAtOnce = std::size_t{32} << 20;
constexpr const char* kOperation = "all_reduce_mean";

template <class Span>
using PerRank = std::array<Span, DirectExchange::kMostRanks>;

/// What of `x` and of `received` belongs to which rank.
template <Element T>
class Shares {
 public:
  Shares(int rank, int ranks, std::span<T> x, std::span<T> received)
      : rank_(static_cast<std::size_t>(rank)), ranks_(static_cast<std::size_t>(ranks)) {
    for (std::size_t r = 0; r < ranks_; ++r) {
      const std::size_t start = block_start(x.size(), ranks_, r);
      shares_[r] = x.subspan(start, block_start(x.size(), ranks_, r + 1) - start);
    }
    for (std::size_t r = 0; r < ranks_; ++r) {
      parts_[r] = r == rank_ ? shares_[r] : received.subspan(r * mine().size(), mine().size());
    }
  }

  std::span<T> mine() const { return shares_[rank_]; }
  std::span<T> part(int rank) const { return parts_[static_cast<std::size_t>(rank)]; }

  void scatter(DirectExchange& exchange) const { run(exchange, shares_, parts_); }

  void gather(DirectExchange& exchange) const {
    PerRank<std::span<T>> mine_to_all;
    mine_to_all.fill(mine());
    run(exchange, mine_to_all, shares_);
  }

 private:
  void run(DirectExchange& exchange, const PerRank<std::span<T>>& out,
           const PerRank<std::span<T>>& in) const {
    PerRank<std::span<const std::byte>> out_bytes;
    PerRank<std::span<std::byte>> in_bytes;
    std::ranges::transform(out, out_bytes.begin(), [](auto x) { return std::as_bytes(x); });
    std::ranges::transform(in, in_bytes.begin(), [](auto x) { return std::as_writable_bytes(x); });
    exchange.run(std::span(out_bytes).first(ranks_), std::span(in_bytes).first(ranks_), kOperation);
  }

  std::size_t rank_;
  std::size_t ranks_;
  PerRank<std::span<T>> shares_;  // of x
  PerRank<std::span<T>> parts_;   // of this rank's share, that each rank has
};

}  // namespace

template <Element T>
Finite direct_mean(DirectExchange& exchange, int rank, int ranks, std::span<T> x, T divisor,
                   std::vector<std::byte>& received) {
  constexpr std::size_t kElements = kAtOnce / sizeof(T);
  Finite finite{.mean = true, .own = all_finite<T>(x)};
  for (std::size_t i = 0; i < x.size(); i += kElements) {
    const auto now = x.subspan(i, std::min(kElements, x.size() - i));
    const auto all = static_cast<std::size_t>(ranks);
    received.resize(std::max(received.size(), (now.size() / all + 1) * all * sizeof(T)));
    const std::span<T> memory(reinterpret_cast<T*>(received.data()), received.size() / sizeof(T));
    const Shares<T> shares(rank, ranks, now, memory);
    shares.scatter(exchange);
    mean_of_parts<T>(
        ranks, [&](int r) { return shares.part(r); }, divisor, shares.mine());
    shares.gather(exchange);
    finite.mean = all_finite<T>(now) && finite.mean;
  }
  return finite;
}

template Finite direct_mean(DirectExchange&, int, int, std::span<float>, float,
                            std::vector<std::byte>&);
template Finite direct_mean(DirectExchange&, int, int, std::span<double>, double,
                            std::vector<std::byte>&);

}  // namespace pith::mpi
