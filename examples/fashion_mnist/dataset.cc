// SPDX-License-Identifier: Apache-2.0
#include "dataset.h"

#include <algorithm>
#include <array>
#include <string>

#include <pith/core/error.h>

#include "idx.h"

namespace fashion_mnist {
namespace {

constexpr float kMean = 0.2860f;  // of all training pixels, as is their deviation
constexpr float kDeviation = 0.3530f;

std::array<float, 256> normalised_levels() {
  std::array<float, 256> levels;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i] = (static_cast<float>(i) / 255.0f - kMean) / kDeviation;
  }
  return levels;
}

void check_labels(const std::filesystem::path& path, const std::vector<std::uint8_t>& labels) {
  const auto wrong = std::ranges::find_if(labels, [](auto label) { return label >= kClasses; });
  if (wrong == labels.end()) return;
  throw pith::UsageError("read_dataset: " + path.string() + ": label " + std::to_string(*wrong) +
                         " of sample " + std::to_string(wrong - labels.begin()) +
                         " is not one of 0 to 9");
}

}  // namespace

Dataset read_dataset(const std::filesystem::path& directory, std::string_view name) {
  const auto images_path = directory / (std::string(name) + "-images-idx3-ubyte.gz");
  const auto labels_path = directory / (std::string(name) + "-labels-idx1-ubyte.gz");
  IdxFile images = read_idx(images_path, 3);
  IdxFile labels = read_idx(labels_path, 1);
  if (images.extents[0] != labels.extents[0]) {
    throw pith::UsageError("read_dataset: " + images_path.string() + " has " +
                           std::to_string(images.extents[0]) + " samples, " + labels_path.string() +
                           " has " + std::to_string(labels.extents[0]));
  }
  check_labels(labels_path, labels.bytes);
  const std::size_t pixels = std::size_t{images.extents[1]} * images.extents[2];
  return {pixels, std::move(images.bytes), std::move(labels.bytes)};
}

void gather(const Dataset& data, std::span<const std::uint32_t> indices, Batch& batch) {
  static const std::array<float, 256> levels = normalised_levels();
  batch.pixels.resize(indices.size() * data.pixels);
  batch.labels.resize(indices.size());
  float* out = batch.pixels.data();
  for (std::size_t i = 0; i < indices.size(); ++i, out += data.pixels) {
    const std::uint8_t* image = data.images.data() + indices[i] * data.pixels;
    std::transform(image, image + data.pixels, out, [](std::uint8_t byte) { return levels[byte]; });
    batch.labels[i] = data.labels[indices[i]];
  }
}

}  // namespace fashion_mnist
