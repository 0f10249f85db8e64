// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace fashion_mnist {

/// An array of bytes in the IDX format: magic 0x0000'08dd (type byte, dd dimensions), dd extents as
/// big-endian 32-bit numbers, the elements with the last index fastest.
struct IdxFile {
  std::vector<std::uint32_t> extents;
  std::vector<std::uint8_t> bytes;
};

/// Reads a gzipped IDX file of unsigned bytes.
/// Throws   pith::UsageError with the file and the value if it is missing or not gzip, the magic
///          number is not that of `dimensions`, an extent is 0, or the length does not fit.
IdxFile read_idx(const std::filesystem::path& path, std::size_t dimensions);

}  // namespace fashion_mnist
