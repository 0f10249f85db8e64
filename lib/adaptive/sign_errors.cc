// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <pith/adaptive/error_estimator.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// ||x||^2 + b s^2 - 2 s ||x||_1, s the mean magnitude
template <Element T>
double error_of_l1(std::span<const T> x) {
  const double sum = absolute_sum(x);
  return squared_norm(x) - sum * sum / static_cast<double>(x.size());
}

// The same with s the root mean square.
template <Element T>
double error_of_l2(std::span<const T> x) {
  const double squares = squared_norm(x);
  return 2 * (squares - std::sqrt(squares / static_cast<double>(x.size())) * absolute_sum(x));
}

// Each side loses its mean's part.
template <Element T>
double error_of_sides(std::span<const T> x) {
  double sums[2]{};
  double counts[2]{};
  for (const T v : x) {
    sums[v < 0 ? 0 : 1] += static_cast<double>(v);
    counts[v < 0 ? 0 : 1] += 1;
  }
  double error = squared_norm(x);
  for (const int side : {0, 1}) error -= sums[side] * sums[side] / std::max(1.0, counts[side]);
  return error;
}

// As of l1, about the mean.
template <Element T>
double error_of_deviation(std::span<const T> x) {
  const auto count = static_cast<double>(x.size());
  double sum = 0;
  for (const T v : x) sum += static_cast<double>(v);
  const double mean = sum / count;
  double squares = 0;
  double deviation = 0;
  for (const T v : x) {
    const double distance = std::abs(static_cast<double>(v) - mean);
    squares += distance * distance;
    deviation += distance;
  }
  return squares - deviation * deviation / count;
}

template <Element T>
class SignErrors final : public ErrorEstimator<T> {
 public:
  explicit SignErrors(const PlacedPipeline& candidate) : place_(candidate.place) {
    Arguments arguments(candidate.pipeline.front());
    block_ = arguments.integer("block", 4096, 1, std::uint64_t{1} << 30);
    const std::string scale = arguments.word("scale", "l1", {"l1", "l2", "sides", "deviation"});
    error_of_ = scale == "l1"      ? error_of_l1<T>
                : scale == "l2"    ? error_of_l2<T>
                : scale == "sides" ? error_of_sides<T>
                                   : error_of_deviation<T>;
  }

  std::size_t block() const override { return block_; }
  void begin(const Look&, Scratch&) override { sum_ = 0; }
  void add(std::span<const T> x, std::size_t) override {
    for (std::size_t i = 0; i < x.size(); i += block_) {
      sum_ += std::max(0.0, error_of_(x.subspan(i, std::min(block_, x.size() - i))));
    }
  }
  void end(const Seen& seen, std::span<Estimate> all) override {
    all[place_].squared_error = seen.scale * sum_;
  }

 private:
  std::size_t place_;
  std::size_t block_;
  double (*error_of_)(std::span<const T>);
  double sum_ = 0;
};

}  // namespace

template <Element T>
void add_sign_errors(std::vector<PlacedPipeline>& left, const Shape&, Estimators<T>& out) {
  const auto taken = take_pipelines(left, [](const PlacedPipeline& one) {
    return one.pipeline.size() == 1 && one.pipeline.front().name == "onebit";
  });
  for (const PlacedPipeline& one : taken) out.push_back(std::make_unique<SignErrors<T>>(one));
}

template void add_sign_errors<float>(std::vector<PlacedPipeline>&, const Shape&,
                                     Estimators<float>&);
template void add_sign_errors<double>(std::vector<PlacedPipeline>&, const Shape&,
                                      Estimators<double>&);

}  // namespace pith
