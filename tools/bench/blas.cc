// SPDX-License-Identifier: Apache-2.0
#include <cblas.h>

#include <pith/core/vector.h>

#include "lowrank_step.h"

// Other libraries' cblas.h may be the one that was found; this is only in OpenBLAS's.
extern "C" void openblas_set_num_threads(int threads);

namespace pith::bench {
namespace {

class BlasStep final : public LowRankStep {
 public:
  BlasStep(const LowRankCase& lowrank, std::uint64_t seed) : LowRankStep(lowrank, seed) {
    openblas_set_num_threads(1);
  }

 private:
  static constexpr CBLAS_TRANSPOSE kAsIs = CblasNoTrans, kTransposed = CblasTrans;

  // out = a op(x) op(y) + b out
  static void multiply(float a, CBLAS_TRANSPOSE transpose_x, Matrix<const float> x,
                       CBLAS_TRANSPOSE transpose_y, Matrix<const float> y, float b,
                       Matrix<float> out) {
    const auto whole = [](std::size_t n) { return static_cast<blasint>(n); };
    const std::size_t inner = transpose_x == kAsIs ? x.columns : x.rows;
    cblas_sgemm(CblasRowMajor, transpose_x, transpose_y, whole(out.rows), whole(out.columns),
                whole(inner), a, x.values.data(), whole(x.columns), y.values.data(),
                whole(y.columns), b, out.values.data(), whole(out.columns));
  }

  void add_and_project_rows(Matrix<const float> g, Matrix<const float> q, Matrix<float> u,
                            Matrix<float> p) override {
    axpy<float>(1, g.values, u.values);
    multiply(1, kAsIs, q, kTransposed, u, 0, p);
  }

  void project_columns(Matrix<const float> u, Matrix<const float> p, Matrix<float> q) override {
    multiply(1, kAsIs, p, kAsIs, u, 0, q);
  }

  void subtract_product(Matrix<const float> p, Matrix<const float> q, Matrix<float> u) override {
    multiply(-1, kTransposed, p, kAsIs, q, 1, u);
  }
};

}  // namespace

std::unique_ptr<LowRankStep> make_blas_step(const LowRankCase& lowrank, std::uint64_t seed) {
  return std::make_unique<BlasStep>(lowrank, seed);
}

}  // namespace pith::bench
