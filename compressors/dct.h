// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <pith/core/element.h>

namespace pith {

/// The orthonormal discrete cosine transform (DCT-II) of m numbers, and its inverse (DCT-III):
///
///   c[k] = s_k sum_i x[i] cos(pi (2 i + 1) k / (2 m)),   s_0 = sqrt(1/m), else sqrt(2/m)
///   x[i] = sum_k s_k c[k] cos(pi (2 i + 1) k / (2 m))
///
/// An even m is halved as long as it is above 16: the even coefficients are the transform of x[i] +
/// x[m-1-i], the odd ones a matrix times x[i] - x[m-1-i].
///
/// Error    a few roundings of T; numbers below 4 m times the least normal one lose bits. What no T
///          holds becomes the largest finite number of its sign.
/// Cost     m even: at most m^2 / 3 multiplications while halving, then 16^2; else m^2. Memory of
///          the object: as many T. Every instruction set gives the same.
template <Element T>
class Dct {
 public:
  static constexpr std::size_t kMost = 1024;  ///< numbers at once

  explicit Dct(std::size_t m);

  std::size_t size() const { return m_; }

  /// x.size() <= size(): what is missing is 0. c.size() == size(). What is not finite gives
  /// anything.
  void forward(std::span<const T> x, std::span<T> c) const;

  /// c.size() == size(); the first x.size() numbers.
  void inverse(std::span<const T> c, std::span<T> x) const;

 private:
  std::size_t m_;
  std::vector<T> matrices_;
};

/// cos(pi numerator / (2 denominator)), from sums and products only: the same on every machine.
double quarter_cosine(std::size_t numerator, std::size_t denominator);

}  // namespace pith
