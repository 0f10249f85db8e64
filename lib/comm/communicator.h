// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <pith/core/element.h>

namespace pith {

/// Whether all numbers of a mean over the ranks are finite, and all that this rank brought.
struct Finite {
  bool mean = true;  ///< the same on all ranks
  bool own = true;
};

/// The collectives that everything else is built from. Calls are blocking and every rank makes them
/// in the same order; results are bit-identical on all ranks. It knows nothing of compression.
///
/// Wire bytes, counted per rank as a ring sends them, p ranks, b bytes:
///   all_reduce      2 (p-1) b / p, rounded up    b = bytes of the buffer
///   reduce_scatter  (p-1) b / p, rounded up      b = bytes of the input
///   all_gather(v)   (p-1) b                      b = bytes of this rank's part
///   all_to_all(v)   what goes to the other ranks
///   broadcast       (p-1) b at the root (a tree moves as much in all), 0 elsewhere
///   barrier         0
///
/// Empty spans are legal everywhere; every rank still makes the call. Spans of one call must not
/// overlap, but for one case: `mine` of a gather may be its own place in `all`.
///
/// Throws   UsageError before anything is sent if the spans do not fit; nothing is counted then.
///          TransportError if the communication fails, after which the communicator is dead.
/// Memory   one size per rank.
/// Threads  one call at a time.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Whether a thread may make calls here while other threads use the same back end otherwise.
  virtual bool concurrent() const { return false; }

  /// Replaces x by its sum over all ranks. The order of summation is the back end's.
  void all_reduce(std::span<float> x);
  void all_reduce(std::span<double> x);

  /// Replaces x by its sum over all ranks, rounded, divided by `divisor`, and looks at it on the
  /// way. The order of summation is the back end's, and need not be that of all_reduce().
  Finite all_reduce_mean(std::span<float> x, float divisor);
  Finite all_reduce_mean(std::span<double> x, double divisor);

  /// out = sum over ranks of this rank's block of x. Block r holds the elements
  /// [n r / p, n (r+1) / p) of x's n; out.size() is the size of this rank's block.
  void reduce_scatter(std::span<const float> x, std::span<float> out);
  void reduce_scatter(std::span<const double> x, std::span<double> out);

  /// all = every rank's `mine`, in rank order; all of the same size. all.size() = p * mine.size().
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all);

  /// The same with sizes[r] bytes from rank r; all.size() is their sum.
  void all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                    std::span<std::byte> all);

  /// Sends block r of `out` to rank r and receives rank r's block into block r of `in`; all blocks
  /// are of the same size.
  void all_to_all(std::span<const std::byte> out, std::span<std::byte> in);

  /// The same with out_sizes[r] bytes to rank r and in_sizes[r] bytes from it.
  void all_to_all_v(std::span<const std::byte> out, std::span<const std::size_t> out_sizes,
                    std::span<std::byte> in, std::span<const std::size_t> in_sizes);

  /// Replaces x by rank `root`'s.
  void broadcast(std::span<std::byte> x, int root);

  void barrier();

  /// A communicator of the ranks that gave the same color (not negative), ordered by key, then by
  /// rank. It counts its own bytes, from 0.
  virtual std::unique_ptr<Communicator> split(int color, int key) = 0;

  /// A communicator of the ranks on this rank's node, which share its memory, ordered by rank; it
  /// counts as a split() does. A back end that knows of no nodes gives every rank one of its own.
  virtual std::unique_ptr<Communicator> split_node() { return split(rank(), 0); }

  /// What this rank has sent so far by the formulas above.
  std::uint64_t wire_bytes() const { return wire_bytes_; }

  /// Counts what a part of this communicator has sent in its place.
  void count_wire_bytes(std::uint64_t of_a_part) { wire_bytes_ += of_a_part; }

  /// State that others keep with this communicator, by name; it ends with the communicator.
  std::any& attachment(const std::string& name) { return attachments_[name]; }

 protected:
  Communicator() = default;

  /// UsageError if a back end's split() cannot take this color.
  void check_split(int color) const;

  /// What a back end implements. Sizes have been checked against each other.
  virtual void do_all_reduce(std::span<std::byte> x, ElementType type) = 0;
  /// A back end that passes over x anyway overrides these.
  virtual Finite do_all_reduce_mean(std::span<float> x, float divisor);
  virtual Finite do_all_reduce_mean(std::span<double> x, double divisor);
  virtual void do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                                 ElementType type) = 0;
  virtual void do_all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                               std::span<std::byte> all) = 0;
  virtual void do_all_to_all_v(std::span<const std::byte> out,
                               std::span<const std::size_t> out_sizes, std::span<std::byte> in,
                               std::span<const std::size_t> in_sizes) = 0;
  virtual void do_broadcast(std::span<std::byte> x, int root) = 0;
  virtual void do_barrier() = 0;

 private:
  std::size_t ranks() const { return static_cast<std::size_t>(size()); }

  void all_reduce(std::span<std::byte> x, ElementType type);
  template <Element T>
  Finite all_reduce_and_divide(std::span<T> x, T divisor);
  template <Element T>
  Finite counted_mean(std::span<T> x, T divisor);
  void reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out, ElementType type);
  void gather(const char* operation, std::span<const std::byte> mine,
              std::span<const std::size_t> sizes, std::span<std::byte> all);
  void exchange(const char* operation, std::span<const std::byte> out,
                std::span<const std::size_t> out_sizes, std::span<std::byte> in,
                std::span<const std::size_t> in_sizes);

  std::uint64_t wire_bytes_ = 0;
  std::vector<std::size_t> equal_sizes_;
  std::map<std::string, std::any> attachments_;
};

/// First element of block r when n elements are cut into p blocks: n r / p.
constexpr std::size_t block_start(std::size_t n, std::size_t p, std::size_t r) {
  return n / p * r + n % p * r / p;
}

}  // namespace pith
