// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace pith {

/// Memory that lives for one step and is shared by all tensors: a bump allocator that keeps what it
/// once needed, so that a step allocates nothing after the largest one so far.
///
/// take() is valid until the enclosing Frame ends or clear() is called.
class Scratch {
 public:
  /// `count` elements, 64-byte aligned, not initialised.
  template <class U>
  std::span<U> take(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<U> && std::is_trivially_destructible_v<U>);
    return {reinterpret_cast<U*>(take_bytes(count * sizeof(U))), count};
  }

  /// A copy of `values`.
  template <class U>
  std::span<U> copy(std::span<const U> values) {
    const auto copy = take<U>(values.size());
    std::ranges::copy(values, copy.begin());
    return copy;
  }

  /// An object that needs no end.
  template <class U, class... Arguments>
  U& make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<U> && alignof(U) <= kAlignment);
    return *new (take_bytes(sizeof(U))) U(std::forward<Arguments>(arguments)...);
  }

  /// Gives everything back; several chunks become one of their total size.
  void clear();

  /// Bytes held, used or not.
  std::size_t capacity() const;

  /// Gives back, at its end, what was taken since its start.
  class Frame {
   public:
    explicit Frame(Scratch& scratch)
        : scratch_(scratch), chunk_(scratch.chunk_), used_(scratch.used_) {}
    ~Frame() {
      scratch_.chunk_ = chunk_;
      scratch_.used_ = used_;
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

   private:
    Scratch& scratch_;
    std::size_t chunk_;
    std::size_t used_;
  };

 private:
  static constexpr std::size_t kAlignment = 64;
  struct alignas(kAlignment) Line {
    std::byte bytes[kAlignment];
  };
  struct Chunk {
    std::unique_ptr<Line[]> lines;
    std::size_t size = 0;  // bytes
  };

  std::byte* take_bytes(std::size_t bytes);
  void add_chunk(std::size_t bytes);

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  // the one in use
  std::size_t used_ = 0;   // bytes of it
};

}  // namespace pith
