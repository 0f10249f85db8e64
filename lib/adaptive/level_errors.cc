// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

#include <pith/adaptive/error_estimator.h>
#include <pith/adaptive/run_loops.h>
#include <pith/compressors/even_levels.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

enum class LevelRange : std::uint8_t { minmax, norm, largest };

// As quantize reads it.
struct LevelSpec {
  std::size_t place;
  LevelRange range;
  std::size_t bucket;
  double levels;  // of magnitudes for norm and largest
  bool nearest;
};

// Not a clip, a deviation for range, or a coding: they are measured.
bool is_known(const Argument& argument) {
  constexpr std::string_view kKnown[] = {"bits", "bucket", "rounding", "levels"};
  if (argument.key == "range") return argument.value.name != "deviation";
  return std::ranges::find(kKnown, argument.key) != std::end(kKnown);
}

LevelSpec read_levels(const PlacedPipeline& candidate) {
  Arguments arguments(candidate.pipeline.front());
  const std::string range = arguments.word("range", "minmax", {"minmax", "qsgd", "max"});
  const auto bits = static_cast<unsigned>(arguments.integer("bits", 4, 1, 8));
  const bool even = range == "minmax";
  const std::uint64_t most = even ? (1u << bits) - 1 : (1u << (bits - 1)) - 1;
  const std::uint64_t levels = even ? most : arguments.integer("levels", most, 1, most);
  return {candidate.place,
          even             ? LevelRange::minmax
          : range == "max" ? LevelRange::largest
                           : LevelRange::norm,
          arguments.integer("bucket", 512, 1, std::uint64_t{1} << 30), static_cast<double>(levels),
          arguments.word("rounding", even ? "nearest" : "stochastic", {"nearest", "stochastic"}) ==
              "nearest"};
}

// Of many buckets, one in so many is rounded, besides the first and those of a large range; of all
// the range is found, which tells what rounding the others costs.
constexpr std::uint32_t kOneIn = 8;
constexpr std::size_t kMany = 4096;
constexpr double kFirst = 64;
constexpr double kLarge = 4;  // times the mean of the squared ranges so far

// Squared errors by widths, and the squared ranges of the same buckets, element by element.
struct Rounded {
  std::vector<double> errors;
  double ranges = 0;

  void clear() {
    std::ranges::fill(errors, 0.0);
    ranges = 0;
  }
};

// The levels of the widths of one kind of bucket.
template <Element T>
class LevelErrors final : public ErrorEstimator<T> {
 public:
  LevelErrors(std::vector<LevelSpec> specs, std::size_t n)
      : specs_(std::move(specs)), bucket_(specs_.front().bucket), n_(n) {
    own_.errors.resize(specs_.size());
    standing_.errors.resize(specs_.size());
  }

  std::size_t block() const override { return bucket_ < n_ ? bucket_ : kWholeTensor; }
  void begin(const Look& look, Scratch&) override {
    many_ = look.elements / bucket_ >= kMany;
    own_.clear();
    standing_.clear();
    ranges_ = buckets_ = 0;
  }
  void add(std::span<const T> x, std::size_t first) override {
    for (std::size_t i = 0; i < x.size(); i += bucket_) {
      add_bucket(x.subspan(i, std::min(bucket_, x.size() - i)), (first + i) / bucket_);
    }
  }
  void end(const Seen& seen, std::span<Estimate> all) override {
    const double others = ranges_ - own_.ranges;
    const double weight = standing_.ranges > 0 ? others / standing_.ranges : 0;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const double error = own_.errors[i] + weight * standing_.errors[i];
      all[specs_[i].place].squared_error = seen.scale * error;
    }
  }

 private:
  void add_bucket(std::span<const T> x, std::size_t number) {
    const Extremes<T> ends = extremes(x);
    const double range = range_of(x, ends);
    if (range == 0) return;
    const double squares = range * range * static_cast<double>(x.size());
    ranges_ += squares;
    buckets_ += 1;
    const bool own = !many_ || buckets_ <= kFirst || squares * buckets_ > kLarge * ranges_;
    if (!own && static_cast<std::uint32_t>(number * 0x9e3779b9u) >= ~0u / kOneIn) return;
    Rounded& rounded = own ? own_ : standing_;
    rounded.ranges += squares;
    if (specs_.front().range == LevelRange::minmax) {
      round(x, range, rounded,
            [&](auto part, T scale) { return distances_to_whole(part, ends.min, scale); });
    } else {
      round(x, range, rounded,
            [](auto part, T scale) { return distances_of_magnitudes(part, scale); });
    }
  }

  // What all levels together span.
  double range_of(std::span<const T> x, const Extremes<T>& ends) const {
    const LevelRange range = specs_.front().range;
    if (range == LevelRange::minmax) {
      return static_cast<double>(ends.max) - static_cast<double>(ends.min);
    }
    const auto largest = static_cast<double>(std::max(std::abs(ends.min), std::abs(ends.max)));
    return range == LevelRange::largest ? largest : std::max(largest, std::sqrt(squared_norm(x)));
  }

  // An element at distance d from a level is rounded to it, or up and down at a mean squared error
  // of d (1 - d).
  template <class DistancesOf>
  void round(std::span<const T> x, double range, Rounded& rounded, DistancesOf distances_of) {
    for (std::size_t s = 0; s < specs_.size(); ++s) {
      const double unit = range / specs_[s].levels;
      const auto scale = static_cast<T>(1 / unit);
      if (!std::isfinite(scale)) continue;
      for (std::size_t i = 0; i < x.size(); i += kSummed) {
        const Distances d = distances_of(x.subspan(i, std::min(kSummed, x.size() - i)), scale);
        rounded.errors[s] += unit * unit * (specs_[s].nearest ? d.squares : d.sum - d.squares);
      }
    }
  }

  static constexpr std::size_t kSummed = 4096;

  std::vector<LevelSpec> specs_;
  std::size_t bucket_;
  std::size_t n_;
  bool many_ = false;
  Rounded own_;
  Rounded standing_;    // for all that were not rounded
  double ranges_ = 0;   // of all buckets
  double buckets_ = 0;  // that have a range
};

}  // namespace

template <Element T>
void add_level_errors(std::vector<PlacedPipeline>& left, const Shape& shape, Estimators<T>& out) {
  const auto taken = take_pipelines(left, [](const PlacedPipeline& one) {
    const Spec& spec = one.pipeline.front();
    return one.pipeline.size() == 1 && spec.name == "quantize" &&
           std::ranges::all_of(spec.arguments, is_known);
  });
  std::vector<LevelSpec> specs;
  std::ranges::transform(taken, std::back_inserter(specs), read_levels);
  while (!specs.empty()) {
    const LevelSpec kind = specs.front();
    const auto others = std::stable_partition(specs.begin(), specs.end(), [&](const LevelSpec& s) {
      return s.range == kind.range && s.bucket == kind.bucket;
    });
    std::vector<LevelSpec> rest(others, specs.end());
    specs.erase(others, specs.end());
    out.push_back(std::make_unique<LevelErrors<T>>(std::move(specs), shape.elements()));
    specs = std::move(rest);
  }
}

template void add_level_errors<float>(std::vector<PlacedPipeline>&, const Shape&,
                                      Estimators<float>&);
template void add_level_errors<double>(std::vector<PlacedPipeline>&, const Shape&,
                                       Estimators<double>&);

}  // namespace pith
