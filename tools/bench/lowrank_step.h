// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <pith/compressors/matrix.h>

namespace pith::bench {

/// `count` matrices of one shape, and the rank of their factors.
struct LowRankCase {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t rank = 0;
  std::size_t count = 1;

  std::size_t elements() const { return rows * columns; }
};

/// One rank's step of PowerSGD under error feedback, for each matrix:
///
///   u = g + e,  P = u Q,  P = orth(P),  Q = u^T P,  e = u - P Q^T
///
/// Factors are kept as r long rows, for which BLAS is fastest too. Residual and u are one array.
class LowRankStep {
 public:
  LowRankStep(const LowRankCase& lowrank, std::uint64_t seed);
  virtual ~LowRankStep() = default;

  /// `gradient`: the matrices one after the other.
  void step(std::span<const float> gradient);

  const std::vector<float>& residuals() const { return residuals_; }

 private:
  virtual void add_and_project_rows(Matrix<const float> g, Matrix<const float> q, Matrix<float> u,
                                    Matrix<float> p) = 0;
  virtual void project_columns(Matrix<const float> u, Matrix<const float> p, Matrix<float> q) = 0;
  virtual void subtract_product(Matrix<const float> p, Matrix<const float> q, Matrix<float> u) = 0;

  LowRankCase lowrank_;
  std::vector<float> residuals_;
  std::vector<float> q_;
  std::vector<float> p_;  // of one matrix after the other
};

/// By this library's kernels; sum and first product block of rows by block of rows.
std::unique_ptr<LowRankStep> make_kernel_step(const LowRankCase& lowrank, std::uint64_t seed);

/// By OpenBLAS on one thread; sum and orthonormalisation as above. Null if it was not found when
/// this was built.
std::unique_ptr<LowRankStep> make_blas_step(const LowRankCase& lowrank, std::uint64_t seed);

}  // namespace pith::bench
