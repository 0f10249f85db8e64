// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <pith/comm/communicator.h>
#include <pith/comm/refuse.h>
#include <pith/comm/traffic.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

/// The sum, or the largest number if that is less: sizes from outside may be anything.
std::size_t total(std::span<const std::size_t> sizes) {
  std::size_t sum = 0;
  for (const std::size_t size : sizes) {
    sum += std::min(size, std::numeric_limits<std::size_t>::max() - sum);
  }
  return sum;
}

}  // namespace

void Communicator::check_split(int color) const {
  if (color < 0) refuse("split", rank(), "color " + std::to_string(color) + " is negative");
}

void Communicator::all_reduce(std::span<float> x) {
  all_reduce(std::as_writable_bytes(x), element_type<float>);
}

void Communicator::all_reduce(std::span<double> x) {
  all_reduce(std::as_writable_bytes(x), element_type<double>);
}

void Communicator::all_reduce(std::span<std::byte> x, ElementType type) {
  do_all_reduce(x, type);
  wire_bytes_ += traffic::all_reduce(x.size(), ranks()).sent;
}

Finite Communicator::all_reduce_mean(std::span<float> x, float divisor) {
  return counted_mean(x, divisor);
}

Finite Communicator::all_reduce_mean(std::span<double> x, double divisor) {
  return counted_mean(x, divisor);
}

template <Element T>
Finite Communicator::counted_mean(std::span<T> x, T divisor) {
  const Finite finite = do_all_reduce_mean(x, divisor);
  wire_bytes_ += traffic::all_reduce(x.size_bytes(), ranks()).sent;
  return finite;
}

Finite Communicator::do_all_reduce_mean(std::span<float> x, float divisor) {
  return all_reduce_and_divide(x, divisor);
}

Finite Communicator::do_all_reduce_mean(std::span<double> x, double divisor) {
  return all_reduce_and_divide(x, divisor);
}

// Divided and looked at block by block, in the cache.
template <Element T>
Finite Communicator::all_reduce_and_divide(std::span<T> x, T divisor) {
  constexpr std::size_t kBlock = 8192;
  Finite finite{.mean = true, .own = all_finite<T>(x)};
  do_all_reduce(std::as_writable_bytes(x), element_type<T>);
  for (std::size_t i = 0; i < x.size(); i += kBlock) {
    const auto block = x.subspan(i, std::min(kBlock, x.size() - i));
    divide(block, divisor);
    finite.mean = all_finite<T>(block) && finite.mean;
  }
  return finite;
}

void Communicator::reduce_scatter(std::span<const float> x, std::span<float> out) {
  reduce_scatter(std::as_bytes(x), std::as_writable_bytes(out), element_type<float>);
}

void Communicator::reduce_scatter(std::span<const double> x, std::span<double> out) {
  reduce_scatter(std::as_bytes(x), std::as_writable_bytes(out), element_type<double>);
}

void Communicator::reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                                  ElementType type) {
  const std::size_t n = x.size() / size_of(type);
  const auto r = static_cast<std::size_t>(rank());
  expect("reduce_scatter", rank(), "elements of out", out.size() / size_of(type),
         block_start(n, ranks(), r + 1) - block_start(n, ranks(), r));
  if (overlap(x, out)) refuse("reduce_scatter", rank(), "x and out overlap");
  do_reduce_scatter(x, out, type);
  wire_bytes_ += traffic::reduce_scatter(x.size(), ranks()).sent;
}

void Communicator::all_gather(std::span<const std::byte> mine, std::span<std::byte> all) {
  equal_sizes_.assign(ranks(), mine.size());
  gather("all_gather", mine, equal_sizes_, all);
}

void Communicator::all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                                std::span<std::byte> all) {
  expect("all_gather_v", rank(), "sizes", sizes.size(), ranks());
  expect("all_gather_v", rank(), "bytes of mine", mine.size(),
         sizes[static_cast<std::size_t>(rank())]);
  gather("all_gather_v", mine, sizes, all);
}

void Communicator::gather(const char* operation, std::span<const std::byte> mine,
                          std::span<const std::size_t> sizes, std::span<std::byte> all) {
  expect(operation, rank(), "bytes of all", all.size(), total(sizes));
  const std::size_t start = total(sizes.first(static_cast<std::size_t>(rank())));
  if (overlap(mine, all) && mine.data() != all.data() + start) {
    refuse(operation, rank(), "mine and all overlap, and mine is not its own place in all");
  }
  do_all_gather_v(mine, sizes, all);
  wire_bytes_ += traffic::all_gather(sizes, static_cast<std::size_t>(rank())).sent;
}

void Communicator::all_to_all(std::span<const std::byte> out, std::span<std::byte> in) {
  if (out.size() % ranks() != 0) {
    refuse("all_to_all", rank(),
           std::to_string(out.size()) + " bytes of out, a multiple of " + std::to_string(ranks()) +
               " expected");
  }
  equal_sizes_.assign(ranks(), out.size() / ranks());
  exchange("all_to_all", out, equal_sizes_, in, equal_sizes_);
}

void Communicator::all_to_all_v(std::span<const std::byte> out,
                                std::span<const std::size_t> out_sizes, std::span<std::byte> in,
                                std::span<const std::size_t> in_sizes) {
  const auto r = static_cast<std::size_t>(rank());
  expect("all_to_all_v", rank(), "out_sizes", out_sizes.size(), ranks());
  expect("all_to_all_v", rank(), "in_sizes", in_sizes.size(), ranks());
  expect("all_to_all_v", rank(), "bytes from this rank to itself", in_sizes[r], out_sizes[r]);
  exchange("all_to_all_v", out, out_sizes, in, in_sizes);
}

void Communicator::exchange(const char* operation, std::span<const std::byte> out,
                            std::span<const std::size_t> out_sizes, std::span<std::byte> in,
                            std::span<const std::size_t> in_sizes) {
  expect(operation, rank(), "bytes of out", out.size(), total(out_sizes));
  expect(operation, rank(), "bytes of in", in.size(), total(in_sizes));
  if (overlap(out, in)) refuse(operation, rank(), "out and in overlap");
  do_all_to_all_v(out, out_sizes, in, in_sizes);
  wire_bytes_ += traffic::all_to_all(out_sizes, in_sizes, static_cast<std::size_t>(rank())).sent;
}

void Communicator::broadcast(std::span<std::byte> x, int root) {
  if (root < 0 || root >= size()) {
    refuse("broadcast", rank(),
           "root " + std::to_string(root) + " is not one of " + std::to_string(size()) + " ranks");
  }
  do_broadcast(x, root);
  wire_bytes_ += traffic::broadcast(x.size(), ranks(), root == rank()).sent;
}

void Communicator::barrier() { do_barrier(); }

}  // namespace pith
