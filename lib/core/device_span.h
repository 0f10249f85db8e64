// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <type_traits>

struct CUstream_st;  // CUDA's; so that a build without CUDA can name a stream

namespace pith {

/// A stream of work on a device (cudaStream_t): what is put there runs in order, later. Null is
/// CUDA's default stream.
using DeviceStream = CUstream_st*;

/// Where a tensor's memory is.
enum class Space : unsigned char { host, device };

/// A span of memory on a device. The host can pass it on, and cut it, but not look inside.
template <class V>
class DeviceSpan {
 public:
  constexpr DeviceSpan() = default;
  constexpr DeviceSpan(V* data, std::size_t size) : data_(data), size_(size) {}

  /// As spans of V convert to spans of const V.
  template <class U>
  requires(std::is_same_v<V, const U>) constexpr DeviceSpan(DeviceSpan<U> other)
      : data_(other.data()), size_(other.size()) {}

  constexpr V* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t size_bytes() const { return size_ * sizeof(V); }
  constexpr bool empty() const { return size_ == 0; }

  constexpr DeviceSpan subspan(std::size_t first, std::size_t count) const {
    return {data_ + first, count};
  }
  constexpr DeviceSpan subspan(std::size_t first) const { return {data_ + first, size_ - first}; }
  constexpr DeviceSpan first(std::size_t count) const { return {data_, count}; }

 private:
  V* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace pith
