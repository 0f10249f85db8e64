// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include <pith/adaptive/error_estimator.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/registry.h>
#include <pith/compressors/skinny.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// Where lowrank draws directions for its left factor.
constexpr std::uint64_t kLeftBlocks = std::uint64_t{1} << 63;

// One power iteration at the largest rank R is one at every rank r: the first r rows of each factor
// are those of rank r, as Gram-Schmidt goes row by row.
template <Element T>
class SubspaceErrors final : public ErrorEstimator<T> {
 public:
  SubspaceErrors(const std::vector<PlacedPipeline>& candidates, const Shape& shape);

  std::size_t block() const override { return kWholeTensor; }
  void begin(const Look& look, Scratch& scratch) override {
    key_ = look.key;
    key_.rank = kSharedByRanks;
    scratch_ = &scratch;
  }
  void add(std::span<const T> x, std::size_t first) override;
  void end(const Seen& seen, std::span<Estimate> all) override;

 private:
  struct Rank {
    std::size_t place;
    std::size_t rank;
    bool one_product;  // acp: with the factor of the step before
  };

  std::size_t rows_;
  std::size_t columns_;
  std::vector<Rank> ranks_;
  std::size_t most_ = 0;
  std::vector<T> q_;           // most_ x columns, as it came
  std::vector<double> right_;  // squared norms of the rows of M Q
  std::vector<double> left_;   // and of P^T M
  RandomKey key_;
  Scratch* scratch_ = nullptr;
};

template <Element T>
SubspaceErrors<T>::SubspaceErrors(const std::vector<PlacedPipeline>& candidates, const Shape& shape)
    : rows_(shape.rows()), columns_(shape.columns()) {
  for (const auto& [pipeline, place] : candidates) {
    const auto compressor = make_linear<T>(pipeline, shape);
    const std::size_t rank = rows_ == 0 ? 0 : compressor->factor_elements(0) / rows_;
    ranks_.push_back({place, rank, pipeline.front().name == "acp"});
    most_ = std::max(most_, rank);
  }
  q_.resize(most_ * columns_);
  right_.resize(most_);
  left_.resize(most_);
}

template <Element T>
void SubspaceErrors<T>::add(std::span<const T> x, std::size_t) {
  const Scratch::Frame frame(*scratch_);
  const Random random(key_);
  const Matrix<const T> m{x, rows_, columns_};
  const Matrix<T> q{q_, most_, columns_};
  const Matrix<T> p{scratch_->take<T>(most_ * rows_), most_, rows_};
  orthonormalise(q, random);
  project_rows<T>(m, q, p);
  for (std::size_t r = 0; r < most_; ++r) right_[r] = squared_norm<T>(p.row(r));
  orthonormalise(p, random, kLeftBlocks);
  std::ranges::fill(q.values, T{0});
  project_columns<T>(m, p, q);
  for (std::size_t r = 0; r < most_; ++r) left_[r] = squared_norm<T>(q.row(r));
}

template <Element T>
void SubspaceErrors<T>::end(const Seen& seen, std::span<Estimate> all) {
  for (const auto& [place, rank, one_product] : ranks_) {
    double captured = 0;
    for (std::size_t r = 0; r < rank; ++r) {
      captured += one_product ? right_[r] : left_[r];
    }
    const double left = seen.squared_norm - captured;  // a product may have overflowed
    all[place].squared_error = std::isfinite(left) ? std::max(0.0, left) : seen.squared_norm;
  }
}

bool starts_cold(const Spec& spec) {
  return Arguments(spec).word("warm", "true", {"true", "false"}) == "false";
}

}  // namespace

template <Element T>
void add_subspace_errors(std::vector<PlacedPipeline>& left, const Shape& shape,
                         Estimators<T>& out) {
  const auto taken = take_pipelines(left, [](const PlacedPipeline& one) {
    const Spec& spec = one.pipeline.front();
    return spec.name == "acp" || (spec.name == "lowrank" && !starts_cold(spec));
  });
  if (!taken.empty()) out.push_back(std::make_unique<SubspaceErrors<T>>(taken, shape));
}

template void add_subspace_errors<float>(std::vector<PlacedPipeline>&, const Shape&,
                                         Estimators<float>&);
template void add_subspace_errors<double>(std::vector<PlacedPipeline>&, const Shape&,
                                          Estimators<double>&);

}  // namespace pith
