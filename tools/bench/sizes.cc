// SPDX-License-Identifier: Apache-2.0
#include "sizes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <pith/core/error.h>

namespace pith::bench {
namespace {

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stop != end || value == 0) return std::nullopt;
  return value;
}

// The power of two that a suffix stands for.
unsigned suffix_bits(char suffix) {
  switch (suffix) {
    case 'K':
      return 10;
    case 'M':
      return 20;
    case 'G':
      return 30;
    default:
      return 0;
  }
}

// Extents with an x between them, of as many elements as a tensor may have.
std::optional<Shape> extents_of(std::string_view text) {
  std::vector<std::size_t> extents;
  std::size_t most = std::numeric_limits<std::uint32_t>::max();
  for (;;) {
    const std::size_t cross = text.find('x');
    const auto extent = whole_number(text.substr(0, cross));
    if (!extent || *extent > most) return std::nullopt;
    extents.push_back(*extent);
    most /= *extent;
    if (cross == std::string_view::npos) return Shape(extents);
    text.remove_prefix(cross + 1);
  }
}

}  // namespace

std::size_t parse_bytes(const std::string& text) {
  const unsigned bits = text.empty() ? 0 : suffix_bits(text.back());
  const auto digits = std::string_view(text).substr(0, text.size() - (bits > 0 ? 1 : 0));
  const auto number = whole_number(digits);
  if (!number || *number > std::numeric_limits<std::size_t>::max() >> (bits + 1)) {
    throw UsageError("size " + text + ": expected bytes, for example 4096, 64K, 32M or 1G");
  }
  return *number << bits;
}

std::vector<std::size_t> sweep(std::size_t first, std::size_t last, double factor,
                               std::size_t unit) {
  std::vector<std::size_t> sizes;
  for (auto size = static_cast<double>(first); size <= static_cast<double>(last); size *= factor) {
    const std::size_t rounded = static_cast<std::size_t>(size) / unit * unit;
    if (sizes.empty() || rounded > sizes.back()) sizes.push_back(rounded);
  }
  return sizes;
}

Shape parse_shape(const std::string& text) {
  const auto shape = extents_of(text);
  if (!shape || shape->dimensions() != 2) {
    throw UsageError("shape " + text + ": expected rows x columns, for example 4096x1024");
  }
  return *shape;
}

Shape parse_extents(const std::string& text) {
  const auto shape = extents_of(text);
  if (!shape) throw UsageError("shape " + text + ": expected extents, for example 64x3x7x7");
  return *shape;
}

Shape nearly_square(std::size_t n) {
  auto rows = static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
  while (n % rows != 0) --rows;
  return {std::min(rows, n / rows), std::max(rows, n / rows)};
}

}  // namespace pith::bench
