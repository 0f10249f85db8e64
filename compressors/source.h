// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <pith/compressors/decoded.h>
#include <pith/core/range.h>
#include <pith/core/threads.h>

namespace pith {

/// A tensor whose elements can be looked at.
template <Element T>
class Peekable {
 public:
  virtual std::size_t size() const = 0;

  /// The elements `range`, as they are going to be encoded. Changes nothing.
  virtual void peek(Range range, std::span<T> out) const = 0;

 protected:
  ~Peekable() = default;  // it lies on the stack or in Scratch
};

/// The tensor that is encoded. Its elements may come into being as they are asked for, so that
/// composing, encoding and committing a block are done while it is in the cache: one sweep.
///
/// Each element is taken once, in ascending order; then it is told as what it was sent, once. Parts
/// of the tensor may be taken, and told, by threads of their own, which settle behind them.
template <Element T>
class Source : public Peekable<T> {
 public:
  /// The next elements; there until this thread's next call.
  virtual std::span<const T> take(Range range) = 0;

  /// This thread takes and tells no more.
  virtual void settle() {}

  /// All elements, taken and settled, if none has been told as sent.
  virtual std::span<const T> taken() = 0;

  /// These elements were encoded, and this is what the other ranks will see of them.
  virtual void sent(Range range, const Decoded<T>& decoded) = 0;

 protected:
  ~Source() = default;
};

/// A tensor that lies in memory and needs not know what becomes of it.
template <Element T>
class WholeSource final : public Source<T> {
 public:
  explicit WholeSource(std::span<const T> x) : x_(x) {}

  std::size_t size() const override { return x_.size(); }
  void peek(Range range, std::span<T> out) const override {
    std::ranges::copy(slice(x_, range), out.begin());
  }
  std::span<const T> take(Range range) override { return slice(x_, range); }
  std::span<const T> taken() override { return x_; }
  void sent(Range, const Decoded<T>&) override {}

 private:
  std::span<const T> x_;
};

/// Elements of a block that several loops go over: it stays in the first cache, while the next one
/// is on its way.
template <Element T>
inline constexpr std::size_t kSweepBlock = 4096 / sizeof(T);

/// Calls body(x, range) for the elements of `range`, block by block.
template <Element T, class Body>
void sweep(Source<T>& source, Range range, Body body) {
  for (std::size_t i = range.begin; i < range.end; i += kSweepBlock<T>) {
    const Range block{i, std::min(range.end, i + kSweepBlock<T>)};
    body(source.take(block), block);
  }
}

/// Calls body(part, range) for so many parts of `range`, each on a thread of its own. They begin at
/// multiples of `multiple` elements, counted from the range's start.
template <Element T, class Body>
void in_parts(Source<T>& source, Range range, std::size_t parts, std::size_t multiple,
              const Body& body) {
  in_parallel(parts, [&](std::size_t part) {
    body(part, Range{range.begin + part_start(range.size(), parts, part, multiple),
                     range.begin + part_start(range.size(), parts, part + 1, multiple)});
    source.settle();
  });
}

/// sweep(), in parts.
template <Element T, class Body>
void sweep_in_parts(Source<T>& source, Range range, const Body& body) {
  in_parts(source, range, parts_of(range.size()), kSweepBlock<T>,
           [&](std::size_t, Range part) { sweep(source, part, body); });
}

/// Tells all of the tensor as what it was sent, in parts: for who knows that once all is taken.
template <Element T>
void tell_in_parts(Source<T>& source, const Decoded<T>& decoded) {
  in_parts(source, {0, source.size()}, parts_of(source.size()), kSweepBlock<T>,
           [&](std::size_t, Range part) { source.sent(part, decoded); });
}

}  // namespace pith
