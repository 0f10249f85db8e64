// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/adaptive/message_bytes.h>
#include <pith/compressors/mask.h>
#include <pith/compressors/registry.h>

namespace pith {
namespace {

constexpr std::size_t kDrawn = 4096;
constexpr std::size_t kFew = 1024;  // whose places and padding show in the size
constexpr std::uint64_t kDrawsOfFew = 16;
constexpr double kHead = 16;  // bytes that do not grow with the entries

template <Element T>
std::size_t factor_bytes(const LinearCompressor<T>& compressor) {
  std::size_t elements = 0;
  for (int round = 0; round < compressor.rounds(); ++round) {
    elements += compressor.factor_elements(round);
  }
  return elements * size_of(compressor.factor_type());
}

// Of acp's two factors, which are due in turn, the compressor tells the first.
template <Element T>
double linear_bytes(const Pipeline& pipeline, const Shape& shape) {
  const auto bytes = static_cast<double>(factor_bytes(*make_linear<T>(pipeline, shape)));
  if (pipeline.front().name != "acp" || shape.rows() == 0) return bytes;
  const double other = static_cast<double>(shape.columns()) / static_cast<double>(shape.rows());
  return bytes * (1 + other) / 2;
}

bool varies(const Spec& stage) {
  const bool elias = std::ranges::any_of(
      stage.arguments, [](const Argument& argument) { return argument.value.name == "elias"; });
  return elias || stage.name == "dct_topk" || stage.name == "fedzip" || stage.name == "zstd";
}

bool depends_on_data(const Pipeline& pipeline) { return std::ranges::any_of(pipeline, varies); }

}  // namespace

template <Element T>
double SpreadBytes<T>::of_draw(std::size_t kept, std::size_t n, std::uint64_t draw,
                               Scratch& scratch) const {
  const Scratch::Frame frame(scratch);
  const auto mask = draw_mask(n, kept, Random({.seed = draw}), scratch);
  const auto indices = scratch.take<std::uint32_t>(kept);
  std::ranges::transform(mask, indices.begin(),
                         [](std::size_t i) { return static_cast<std::uint32_t>(i); });
  const auto values = scratch.take<T>(kept);
  std::ranges::fill(values, T{1});
  const std::size_t cuts[]{0, n};
  std::size_t size = 0;
  const Wire wire{scratch.take<std::byte>(compressor_->max_bytes_of(kept, n, 1)), {&size, 1}};
  compressor_->write({indices, values}, cuts, {}, wire, scratch);
  return static_cast<double>(size);
}

template <Element T>
double SpreadBytes<T>::operator()(std::size_t kept, std::size_t n, Scratch& scratch) const {
  if (n == 0) return 0;
  if (kept > kDrawn) {
    const double times = static_cast<double>(kept) / kDrawn;
    const auto part = static_cast<std::size_t>(static_cast<double>(n) / times);
    return kHead + times * (of_draw(kDrawn, std::max(part, kDrawn), 0, scratch) - kHead);
  }
  const std::uint64_t draws = kept < kFew ? kDrawsOfFew : 1;
  double sum = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) sum += of_draw(kept, n, draw, scratch);
  return sum / static_cast<double>(draws);
}

template <Element T>
std::optional<std::size_t> always_kept(const SparseCompressor<T>& compressor, std::size_t n) {
  const bool always = compressor.with_exact_values()->guarantee(n).contraction.has_value();
  return always ? std::optional(compressor.most_kept(n)) : std::nullopt;
}

template <Element T>
std::optional<double> expected_bytes(const Pipeline& pipeline, const Shape& shape,
                                     Scratch& scratch) {
  const std::size_t n = shape.elements();
  const std::string& name = pipeline.front().name;
  if (name == "none") return static_cast<double>(n * sizeof(T));
  if (depends_on_data(pipeline)) return std::nullopt;
  if (!compressor(name).message) return linear_bytes<T>(pipeline, shape);
  if (!is_sparse(pipeline)) {
    return static_cast<double>(make_message<T>(pipeline, shape)->max_wire_bytes(n, 1));
  }
  auto sparse = make_sparse_message<T>(pipeline, shape);
  const auto kept = always_kept(*sparse, n);
  if (!kept) return std::nullopt;
  return SpreadBytes<T>(std::move(sparse))(*kept, n, scratch);
}

#define PITH_INSTANTIATE(T)                                                                 \
  template class SpreadBytes<T>;                                                            \
  template std::optional<std::size_t> always_kept(const SparseCompressor<T>&, std::size_t); \
  template std::optional<double> expected_bytes<T>(const Pipeline&, const Shape&, Scratch&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
