// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include <pith/compressors/dot.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

template <Element T>
constexpr double kDependent = 16.0 * std::numeric_limits<T>::epsilon();

// v scaled to length 1; false if it is not longer than `least`. An infinite length leaves zeros or
// NaNs, which are not longer than anything.
template <Element T>
bool normalise(std::span<T> v, double least) {
  const double length = std::sqrt(dot<T>(v, v));
  if (!(length > least)) return false;
  scale_in_double<T>(v, 1 / length);
  return true;
}

// v minus its parts along the rows of `basis`.
template <Element T>
void remove_parts(Matrix<const T> basis, std::span<T> v) {
  for (std::size_t i = 0; i < basis.rows; ++i) {
    axpy<T>(static_cast<T>(-dot<T>(basis.row(i), v)), basis.row(i), v);
  }
}

// False if v is zero or not finite, or if next to nothing of it is left outside the basis.
template <Element T>
bool orthonormalise_row(Matrix<const T> basis, std::span<T> v) {
  if (!normalise<T>(v, 0)) return false;
  remove_parts<T>(basis, v);
  remove_parts<T>(basis, v);
  return normalise<T>(v, kDependent<T>);
}

template <Element T>
void randomise(std::span<T> v, const Random& random, std::uint64_t first) {
  for (std::size_t i = 0; i < v.size(); ++i) {
    double sum = 0;
    for (const std::uint32_t word : random.block(first + i)) sum += word;
    v[i] = static_cast<T>(sum * 0x1p-32 - 2.0);
  }
}

}  // namespace

template <Element T>
void orthonormalise(Matrix<T> vectors, const Random& random, std::uint64_t first) {
  if (vectors.rows > vectors.columns) {
    throw UsageError("orthonormalise: " + std::to_string(vectors.rows) + " vectors of only " +
                     std::to_string(vectors.columns) + " elements");
  }
  for (std::size_t j = 0; j < vectors.rows; ++j) {
    const Matrix<const T> basis{vectors.values.first(j * vectors.columns), j, vectors.columns};
    while (!orthonormalise_row<T>(basis, vectors.row(j))) {
      randomise(vectors.row(j), random, first);
      first += vectors.columns;
    }
  }
}

template void orthonormalise<float>(Matrix<float>, const Random&, std::uint64_t);
template void orthonormalise<double>(Matrix<double>, const Random&, std::uint64_t);

}  // namespace pith
