// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <pith/adaptive/error_curve.h>
#include <pith/adaptive/message_bytes.h>
#include <pith/adaptive/run_loops.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

constexpr std::size_t kLeastRun = 512;  // elements: memory is slow to begin
constexpr std::size_t kMostRun = std::size_t{1} << 15;

void check(const Pipeline& pipeline) {
  if (pipeline.empty()) throw UsageError("ErrorCurve: a candidate has no stage");
  const bool raw = pipeline.front().name == "none";
  if (raw && (pipeline.size() > 1 || !pipeline.front().arguments.empty())) {
    throw UsageError("ErrorCurve: " + text_of(pipeline) +
                     ": none has neither arguments nor stages");
  }
}

std::vector<PlacedPipeline> numbered(const std::vector<Pipeline>& pipelines) {
  std::vector<PlacedPipeline> candidates;
  for (const Pipeline& pipeline : pipelines) candidates.push_back({pipeline, candidates.size()});
  return candidates;
}

template <Element T>
Estimators<T> make_estimators(const std::vector<Pipeline>& pipelines, const Shape& shape) {
  auto left = numbered(pipelines);
  Estimators<T> all;
  add_share_errors(left, shape, all);
  add_histogram_errors(left, shape, all);
  add_level_errors(left, shape, all);
  add_sign_errors(left, shape, all);
  add_subspace_errors(left, shape, all);
  add_measured_errors(left, shape, all);
  return all;
}

// The i-th of `looks` runs out of `runs`, all of which are equally likely. Golden sections spread
// the places within their strata.
std::size_t run_number(std::size_t i, std::size_t looks, std::size_t runs, std::uint32_t start) {
  if (looks == runs) return i;
  const auto within = static_cast<std::uint32_t>(start + i * 0x9e3779b9u);
  const double place = static_cast<double>(i) + static_cast<double>(within) * 0x1p-32;
  const double run = place * static_cast<double>(runs) / static_cast<double>(looks);
  return std::min(runs - 1, static_cast<std::size_t>(run));
}

bool all_finite(std::span<const Estimate> estimates) {
  return std::ranges::all_of(estimates, [](const Estimate& one) {
    return std::isfinite(one.squared_error) && std::isfinite(one.bytes);
  });
}

}  // namespace

template <Element T>
ErrorCurve<T>::ErrorCurve(const std::vector<Pipeline>& candidates, const Shape& shape,
                          Sampling sampling)
    : n_(shape.elements()), sampling_(sampling) {
  if (sampling.one_in == 0) throw UsageError("ErrorCurve: one run in 0 cannot be read");
  Scratch scratch;
  for (const Pipeline& pipeline : candidates) {
    check(pipeline);
    always_.push_back(pith::expected_bytes<T>(pipeline, shape, scratch));
  }
  sums_.resize(kFirst + 2 * candidates.size());
  place(make_estimators<T>(candidates, shape));
}

// Those that need longer runs than the others can bear get all of x.
template <Element T>
void ErrorCurve<T>::place(Estimators<T> all) {
  for (auto& estimator : all) {
    const std::size_t block = estimator->block();
    const bool fits = block < n_ && block <= kMostRun && std::lcm(run_, block) <= kMostRun;
    if (fits) run_ = std::lcm(run_, block);
    (fits ? of_runs_ : of_all_).push_back(std::move(estimator));
  }
  run_ *= (kLeastRun + run_ - 1) / run_;
}

template <Element T>
bool ErrorCurve<T>::observe(const Peekable<T>& x, const RandomKey& key, Scratch& scratch,
                            double scale) {
  const Scratch::Frame frame(scratch);
  const auto estimates = scratch.take<Estimate>(candidates());
  std::ranges::fill(estimates, Estimate{});
  Seen seen;
  if (!look(x, key, seen, estimates, scratch)) {
    sums_[kLeftOut] += 1;
    return false;
  }
  sums_[kSteps] += 1;
  const double weight = 1 / (scale * scale);
  sums_[kNorm] += weight * seen.squared_norm;
  for (std::size_t i = 0; i < candidates(); ++i) {
    sums_[kFirst + i] += weight * estimates[i].squared_error;
    sums_[kFirst + candidates() + i] += always_[i].value_or(estimates[i].bytes);
  }
  return true;
}

template <Element T>
bool ErrorCurve<T>::look(const Peekable<T>& x, const RandomKey& key, Seen& seen,
                         std::span<Estimate> estimates, Scratch& scratch) {
  for (const auto& estimator : of_all_) estimator->begin({n_, key}, scratch);
  for (const auto& estimator : of_runs_) estimator->begin({looks() * run_, key}, scratch);
  if (of_all_.empty()) {
    seen = look_at_runs(x, sampled(key, scratch), scratch);
  } else {
    const auto all = scratch.take<T>(n_);
    const double squared_norm = look_at_all(x, all);
    seen = look_at_runs(WholeSource<T>(all), sampled(key, scratch), scratch);
    seen.squared_norm = squared_norm;
  }
  if (!std::isfinite(seen.squared_norm)) return false;
  for (const auto& estimator : of_runs_) estimator->end(seen, estimates);
  seen.scale = 1;
  for (const auto& estimator : of_all_) estimator->end(seen, estimates);
  return all_finite(estimates);
}

template <Element T>
std::size_t ErrorCurve<T>::looks() const {
  return std::min(runs(), std::max(sampling_.least_runs, runs() / sampling_.one_in));
}

template <Element T>
double ErrorCurve<T>::look_at_all(const Peekable<T>& x, std::span<T> all) {
  x.peek({0, n_}, all);
  const double squared_norm = pith::squared_norm<T>(all);
  if (!std::isfinite(squared_norm) || n_ == 0) return squared_norm;
  for (const auto& estimator : of_all_) estimator->add(all, 0);
  return squared_norm;
}

template <Element T>
std::span<const Range> ErrorCurve<T>::sampled(const RandomKey& key, Scratch& scratch) const {
  const auto ranges = scratch.take<Range>(looks());
  const std::uint32_t start = Random(key).at(0);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::size_t first = run_number(i, ranges.size(), runs(), start) * run_;
    ranges[i] = {first, first + std::min(run_, n_ - first)};
  }
  return ranges;
}

template <Element T>
std::span<const Range> ErrorCurve<T>::looked_at(const RandomKey& key, Scratch& scratch) const {
  if (of_all_.empty()) return sampled(key, scratch);
  const auto all = scratch.take<Range>(1);
  all[0] = {0, n_};
  return all;
}

template <Element T>
Seen ErrorCurve<T>::look_at_runs(const Peekable<T>& x, std::span<const Range> ranges,
                                 Scratch& scratch) {
  const auto buffer = scratch.take<T>(std::min(run_, n_));
  double squares = 0;
  std::size_t seen = 0;
  for (const Range& range : ranges) {
    const auto run = buffer.first(range.size());
    x.peek(range, run);
    const double of_run = squared_norm_of_run<T>(run);
    if (!std::isfinite(of_run)) return {.scale = 1, .squared_norm = of_run};
    for (const auto& estimator : of_runs_) estimator->add(run, range.begin);
    squares += of_run;
    seen += run.size();
  }
  const double scale = seen == 0 ? 1 : static_cast<double>(n_) / static_cast<double>(seen);
  return {.scale = scale, .squared_norm = scale * squares};
}

template <Element T>
void ErrorCurve<T>::reset() {
  std::ranges::fill(sums_, 0.0);
}

template <Element T>
std::vector<double> ErrorCurve<T>::means(std::size_t first) const {
  std::vector<double> out;
  for (std::size_t i = 0; i < candidates(); ++i) out.push_back(mean(first + i));
  return out;
}

template <Element T>
std::vector<double> ErrorCurve<T>::expected_bytes() const {
  std::vector<double> out;
  for (std::size_t i = 0; i < candidates(); ++i) {
    out.push_back(always_[i].value_or(mean(kFirst + candidates() + i)));
  }
  return out;
}

template class ErrorCurve<float>;
template class ErrorCurve<double>;

}  // namespace pith
