// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <pith/compressors/registry.h>
#include <pith/core/bytes.h>

namespace pith::test {

using Bytes = std::vector<std::byte>;

/// Cuts of n elements into `parts` segments of nearly equal size.
inline std::vector<std::size_t> even_cuts(std::size_t n, std::size_t parts) {
  std::vector<std::size_t> cuts;
  for (std::size_t s = 0; s <= parts; ++s) cuts.push_back(s * n / parts);
  return cuts;
}

/// A message as it travels: every segment in memory of exactly its size.
struct Encoded {
  std::vector<std::size_t> cuts;
  std::vector<Bytes> segments;

  std::size_t elements(std::size_t s) const { return cuts[s + 1] - cuts[s]; }
  Segment segment(std::size_t s) const { return {segments[s], cuts[s]}; }
  bool operator==(const Encoded&) const = default;
};

/// A message compressor under test, with its scratch.
template <Element T>
class MessageCodec {
 public:
  explicit MessageCodec(std::string_view spec)
      : compressor_(make_message<T>(parse_pipeline(spec), Shape::flat(1))) {}

  MessageCompressor<T>& operator*() { return *compressor_; }
  MessageCompressor<T>* operator->() { return compressor_.get(); }
  Scratch& scratch() { return scratch_; }

  /// Encodes into a buffer of just max_wire_bytes() that holds no zeros before.
  Encoded encode_cut(const std::vector<T>& x, const std::vector<std::size_t>& cuts,
                     const RandomKey& key = {}) {
    Bytes bytes(compressor_->max_wire_bytes(x.size(), segments(cuts)), std::byte{0xff});
    std::vector<std::size_t> sizes(segments(cuts));
    const std::size_t used = compressor_->encode(x, cuts, key, {bytes, sizes}, scratch_);
    EXPECT_LE(used, bytes.size());
    EXPECT_EQ(used, std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
    Encoded message{cuts, {}};
    auto next = bytes.begin();
    for (const std::size_t size : sizes) {
      EXPECT_EQ(size % kWireAlignment, 0u);
      message.segments.emplace_back(next, next + static_cast<std::ptrdiff_t>(size));
      next += static_cast<std::ptrdiff_t>(size);
    }
    return message;
  }

  Encoded encode(const std::vector<T>& x, const RandomKey& key = {}) {
    return encode_cut(x, {0, x.size()}, key);
  }

  std::vector<T> decode(const Encoded& message) {
    std::vector<T> y(message.cuts.back());
    for (std::size_t s = 0; s < message.segments.size(); ++s) {
      const auto part = std::span(y).subspan(message.cuts[s], message.elements(s));
      compressor_->decode_axpy(1, message.segment(s), part, scratch_);
    }
    return y;
  }

  /// decode(encode(x))
  std::vector<T> code(const std::vector<T>& x, const RandomKey& key = {}) {
    return decode(encode(x, key));
  }

  /// Bytes of x as one segment.
  std::size_t bytes(const std::vector<T>& x) { return encode(x).segments[0].size(); }

 private:
  std::unique_ptr<MessageCompressor<T>> compressor_;
  Scratch scratch_;
};

/// Calls check(float) and check(double).
template <class Check>
void for_each_type(Check check) {
  {
    SCOPED_TRACE("float");
    check(float{});
  }
  SCOPED_TRACE("double");
  check(double{});
}

/// Whether this build has the stage `zstd`.
bool has_zstd();

/// The examples of all message compressors in the table, and what their arguments can change.
std::vector<std::string> message_specs();

/// A spec as part of a test's name.
std::string test_name(const testing::TestParamInfo<std::string>& info);

}  // namespace pith::test
