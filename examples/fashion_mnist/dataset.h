// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "aligned_vector.h"

namespace fashion_mnist {

inline constexpr std::size_t kClasses = 10;

/// Grey images of one size with their labels, as they lie in the files: one byte per pixel.
struct Dataset {
  std::size_t pixels = 0;  ///< of one image
  std::vector<std::uint8_t> images;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
};

/// Reads <name>-images-idx3-ubyte.gz and <name>-labels-idx1-ubyte.gz.
/// Throws   pith::UsageError with the file and the value that is wrong: missing, not gzip, magic
///          number, sizes, truncated or too long, a label above 9, counts that differ.
Dataset read_dataset(const std::filesystem::path& directory, std::string_view name);

/// Some samples as the model takes them.
struct Batch {
  AlignedVector pixels;  ///< one image after the other, mean 0 and deviation 1 over the set
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
};

/// Fills `batch` with the samples that `indices` names.
void gather(const Dataset& data, std::span<const std::uint32_t> indices, Batch& batch);

}  // namespace fashion_mnist
