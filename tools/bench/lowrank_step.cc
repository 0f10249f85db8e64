// SPDX-License-Identifier: Apache-2.0
#include "lowrank_step.h"

#include <algorithm>

#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/skinny.h>
#include <pith/core/random.h>
#include <pith/core/vector.h>

namespace pith::bench {
namespace {

class KernelStep final : public LowRankStep {
 public:
  using LowRankStep::LowRankStep;

 private:
  // Blocks that stay in the cache from the sum to the product.
  void add_and_project_rows(Matrix<const float> g, Matrix<const float> q, Matrix<float> u,
                            Matrix<float> p) override {
    constexpr std::size_t kElements = 1 << 15;
    const std::size_t most = std::max<std::size_t>(kElements / u.columns / 16 * 16, 16);
    for (std::size_t i = 0; i < u.rows; i += most) {
      const std::size_t rows = std::min(most, u.rows - i);
      const Matrix<float> block = u.rows_from(i, rows);
      axpy<float>(1, g.rows_from(i, rows).values, block.values);
      project_rows<float>(block, q, p, i);
    }
  }

  void project_columns(Matrix<const float> u, Matrix<const float> p, Matrix<float> q) override {
    std::ranges::fill(q.values, 0.0f);
    pith::project_columns<float>(u, p, q);
  }

  void subtract_product(Matrix<const float> p, Matrix<const float> q, Matrix<float> u) override {
    add_product<float>(-1, p, q, u.values);
  }
};

}  // namespace

LowRankStep::LowRankStep(const LowRankCase& lowrank, std::uint64_t seed)
    : lowrank_(lowrank),
      residuals_(lowrank.count * lowrank.elements()),
      q_(lowrank.count * lowrank.rank * lowrank.columns),
      p_(lowrank.rank * lowrank.rows) {
  const Random random({.seed = seed});
  for (std::size_t i = 0; i < q_.size(); ++i) q_[i] = static_cast<float>(random.normal(i));
}

void LowRankStep::step(std::span<const float> gradient) {
  const auto& [rows, columns, rank, count] = lowrank_;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t n = lowrank_.elements();
    const Matrix<const float> g{gradient.subspan(i * n, n), rows, columns};
    const Matrix<float> u{std::span(residuals_).subspan(i * n, n), rows, columns};
    const Matrix<float> p{p_, rank, rows};
    const Matrix<float> q{std::span(q_).subspan(i * rank * columns, rank * columns), rank, columns};
    add_and_project_rows(g, q, u, p);
    orthonormalise(p, Random({}));
    project_columns(u, p, q);
    subtract_product(p, q, u);
  }
}

std::unique_ptr<LowRankStep> make_kernel_step(const LowRankCase& lowrank, std::uint64_t seed) {
  return std::make_unique<KernelStep>(lowrank, seed);
}

}  // namespace pith::bench
