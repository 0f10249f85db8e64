// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/core/element.h>
#include <pith/core/vector.h>

namespace pith {

/// What the other ranks really used of this rank's message. Residuals are taken against it.
template <Element T>
class Sent {
 public:
  virtual ~Sent() = default;

  /// y += a * sent, over the whole tensor. O(k) for sparse messages.
  virtual void axpy(T a, std::span<T> y) const = 0;
};

/// A message that arrived as it was: raw exchanges.
template <Element T>
class ExactlySent final : public Sent<T> {
 public:
  explicit ExactlySent(std::span<const T> x) : x_(x) {}
  void axpy(T a, std::span<T> y) const override { pith::axpy(a, x_, y); }

 private:
  std::span<const T> x_;
};

}  // namespace pith
