// SPDX-License-Identifier: Apache-2.0
#include "support/reference_errors.h"

#include <vector>

#include <pith/compressors/registry.h>

namespace pith::test {

template <Element T>
ReferenceError<T>::ReferenceError(const Pipeline& pipeline, const Shape& shape) {
  if (pipeline.front().name == "none") return;
  if (compressor(pipeline.front().name).message) {
    message_ = make_message<T>(pipeline, shape);
  } else {
    linear_ = make_linear<T>(pipeline, shape);
  }
}

template <Element T>
double ReferenceError<T>::send_message(std::span<const T> x, const RandomKey& key,
                                       std::span<T> rest) {
  const std::size_t cuts[]{0, x.size()};
  std::vector<std::byte> bytes(message_->max_wire_bytes(x.size(), 1));
  std::size_t size = 0;
  message_->encode(x, cuts, key, {bytes, {&size, 1}}, scratch_);
  if (!x.empty()) message_->decode_axpy(-1, {std::span(bytes).first(size), 0}, rest, scratch_);
  return static_cast<double>(size);
}

template <Element T>
double ReferenceError<T>::send_factors(std::span<const T> x, const RandomKey& key,
                                       std::span<T> rest) {
  std::size_t elements = 0;
  for (int round = 0; round < linear_->rounds(); ++round) {
    const auto factor = scratch_.take<T>(linear_->factor_elements(round));
    linear_->factor(round, x, key, factor, scratch_);
    elements += factor.size();
  }
  linear_->own().axpy(-1, 0, rest);
  linear_->accept();
  return static_cast<double>(elements * size_of(linear_->factor_type()));
}

template <Element T>
Loss ReferenceError<T>::measure(std::span<const T> x, const RandomKey& key) {
  if (!message_ && !linear_) return {0, static_cast<double>(x.size_bytes())};
  const Scratch::Frame frame(scratch_);
  std::vector<T> rest(x.begin(), x.end());
  const double bytes = message_ ? send_message(x, key, rest) : send_factors(x, key, rest);
  double error = 0;
  for (const T v : rest) error += static_cast<double>(v) * static_cast<double>(v);
  return {error, bytes};
}

template class ReferenceError<float>;
template class ReferenceError<double>;

}  // namespace pith::test
