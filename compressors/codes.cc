// SPDX-License-Identifier: Apache-2.0
// Plain loops, compiled once for every instruction set, as in lib/core/vector.cc.
#include <array>
#include <cstring>
#include <utility>

#include <pith/compressors/codes.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/codes.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_CODE_LOOPS
#define PITH_COMPRESSORS_CODE_LOOPS
namespace pith {

/// For one width.
struct CodeLoops {
  void (*pack)(const std::uint8_t* codes, std::size_t n, std::uint8_t* bytes);
  void (*unpack)(const std::uint8_t* bytes, std::size_t n, std::uint8_t* codes);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

// Where whole codes fill a byte, byte by byte, which vectorises; else eight codes in one word.
template <unsigned W>
void pack(const std::uint8_t* codes, std::size_t n, std::uint8_t* bytes) {
  if constexpr (8 % W == 0) {
    constexpr std::size_t kPerByte = 8 / W;
    for (std::size_t i = 0; i < n / kPerByte; ++i) {
      unsigned byte = 0;
      for (unsigned j = 0; j < kPerByte; ++j) {
        byte |= static_cast<unsigned>(codes[i * kPerByte + j]) << (j * W);
      }
      bytes[i] = static_cast<std::uint8_t>(byte);
    }
  } else {
    for (std::size_t i = 0; i < n / 8; ++i) {
      std::uint64_t word = 0;
      for (unsigned j = 0; j < 8; ++j) word |= std::uint64_t{codes[8 * i + j]} << (j * W);
      for (unsigned j = 0; j < W; ++j) bytes[W * i + j] = static_cast<std::uint8_t>(word >> 8 * j);
    }
  }
}

template <unsigned W>
void unpack(const std::uint8_t* bytes, std::size_t n, std::uint8_t* codes) {
  constexpr unsigned kMask = (1u << W) - 1;
  if constexpr (8 % W == 0) {
    constexpr std::size_t kPerByte = 8 / W;
    for (std::size_t i = 0; i < n / kPerByte; ++i) {
      for (unsigned j = 0; j < kPerByte; ++j) {
        codes[i * kPerByte + j] = static_cast<std::uint8_t>(bytes[i] >> (j * W) & kMask);
      }
    }
  } else {
    for (std::size_t i = 0; i < n / 8; ++i) {
      std::uint64_t word = 0;
      for (unsigned j = 0; j < W; ++j) word |= std::uint64_t{bytes[W * i + j]} << 8 * j;
      for (unsigned j = 0; j < 8; ++j) {
        codes[8 * i + j] = static_cast<std::uint8_t>(word >> (j * W) & kMask);
      }
    }
  }
}

template <unsigned... W>
constexpr std::array<CodeLoops, sizeof...(W)> table(std::integer_sequence<unsigned, W...>) {
  return {CodeLoops{pack<W + 1>, unpack<W + 1>}...};
}

const CodeLoops* loops_for(unsigned width) {
  static constexpr auto kLoops = table(std::make_integer_sequence<unsigned, 8>());
  return &kLoops[width - 1];
}

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(loops_for);

}  // namespace

void pack_codes(std::span<const std::uint8_t> codes, unsigned width, std::span<std::byte> bytes) {
  HWY_DYNAMIC_DISPATCH(loops_for)
  (width)->pack(codes.data(), codes.size(), reinterpret_cast<std::uint8_t*>(bytes.data()));
}

void unpack_codes(std::span<const std::byte> bytes, unsigned width, std::span<std::uint8_t> codes) {
  HWY_DYNAMIC_DISPATCH(loops_for)
  (width)->unpack(reinterpret_cast<const std::uint8_t*>(bytes.data()), codes.size(), codes.data());
}

}  // namespace pith
#endif
