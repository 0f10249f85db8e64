// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include <pith/adaptive/error_estimator.h>
#include <pith/adaptive/magnitude_histogram.h>
#include <pith/adaptive/message_bytes.h>
#include <pith/compressors/registry.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

using Bins = std::span<const MagnitudeBin>;

// A part of all magnitudes.
struct Part {
  double count = 0;
  double squares = 0;
  double rounding_error = 0;  // of what it leaves, as the format that values travel as
};

struct Format {
  int mantissa_bits;
  int least_exponent;  // of the last bit of the smallest numbers
  double largest;
};

Format format_of(ElementType type) {
  if (type == ElementType::float16) return {10, -24, 65504};
  if (type == ElementType::bfloat16) return {7, -133, 0x1.fep127};
  return {23, -149, 0x1.fffffep127};
}

// Of the last bit all fractions are alike; what is below half of the least one becomes 0.
double rounding_error(const MagnitudeBin& bin, const Format& format) {
  const double mean = bin.mean();
  if (mean == 0) return 0;
  if (mean > format.largest) return bin.count * (mean - format.largest) * (mean - format.largest);
  const int last = std::max(std::ilogb(mean) - format.mantissa_bits, format.least_exponent);
  const double unit = std::ldexp(1.0, last);
  if (mean < unit / 2) return bin.squares;
  return std::min(bin.squares, bin.count * unit * unit / 12);
}

double rounding_error(Bins bins, const std::optional<Format>& format) {
  double sum = 0;
  for (const MagnitudeBin& bin : bins) sum += format ? rounding_error(bin, *format) : 0;
  return sum;
}

// What is dropped, where of each bin that share of the smallest is that share_of(bin) says.
template <class ShareOf>
Part dropped(Bins bins, const std::optional<Format>& format, ShareOf share_of) {
  Part part;
  for (const MagnitudeBin& bin : bins) {
    const double share = share_of(bin);
    part.count += share * bin.count;
    part.squares += bin.least_squares(share);
    if (share < 1 && format) part.rounding_error += (1 - share) * rounding_error(bin, *format);
  }
  return part;
}

Part drop_smallest(Bins bins, const std::optional<Format>& format, double count) {
  return dropped(bins, format, [&](const MagnitudeBin& bin) {
    const double here = std::clamp(count, 0.0, bin.count);
    count -= here;
    return here == bin.count ? 1 : here / bin.count;
  });
}

Part drop_below(Bins bins, const std::optional<Format>& format, double magnitude) {
  return dropped(bins, format, [&](const MagnitudeBin& bin) { return bin.share_below(magnitude); });
}

// |x| in [a, 2 a) goes to a or 2 a, at the expense of (|x| - a) (2 a - |x|).
double natural_error(const MagnitudeBin& bin, double smallest) {
  if (bin.squares == 0) return 0;
  const double mean = bin.mean();
  const bool tiny = mean < smallest;
  const double lower = tiny ? 0 : std::ldexp(1.0, std::ilogb(mean));
  const double upper = tiny ? smallest : 2 * lower;
  return bin.count * std::max(0.0, (lower + upper) * mean - bin.mean_square() - lower * upper);
}

template <Element T>
class HistogramErrors final : public ErrorEstimator<T> {
 public:
  HistogramErrors(const std::vector<PlacedPipeline>& candidates, const Shape& shape);

  std::size_t block() const override { return 1; }
  void begin(const Look& look, Scratch& scratch) override {
    scratch_ = &scratch;
    histogram_.emplace(look.elements, scratch);
  }
  void add(std::span<const T> x, std::size_t) override { histogram_->add(x); }
  void end(const Seen& seen, std::span<Estimate> all) override;

 private:
  struct Selected {
    std::size_t place;
    std::optional<Format> values;
    std::size_t kept;                // or else
    std::optional<double> at_least;  // the threshold
    std::optional<SpreadBytes<T>> bytes;
  };
  struct Cast {
    std::size_t place;
    std::optional<Format> format;
  };

  void add_selected(const PlacedPipeline& candidate, const Shape& shape);
  Estimate estimate(const Selected& one, Bins bins, double scale) const;

  std::size_t n_;
  std::vector<Selected> selected_;
  std::vector<Cast> casts_;
  std::vector<std::size_t> natural_;
  std::optional<MagnitudeHistogram<T>> histogram_;
  Scratch* scratch_ = nullptr;
};

const Spec* argument(const Spec& spec, std::string_view key) {
  const auto found = std::ranges::find(spec.arguments, key, &Argument::key);
  return found == spec.arguments.end() ? nullptr : &found->value;
}

// The cast that values pass: a second stage, or values=; empty: none.
Pipeline cast_of_values(const Pipeline& pipeline) {
  if (pipeline.size() == 2) return {pipeline.back()};
  const Spec* const values = argument(pipeline.front(), "values");
  if (values == nullptr || values->name == "raw") return {};
  return {Spec{"cast", {{"type", *values}}}};
}

bool casts_its_values(const Pipeline& pipeline) {
  const Spec* const values = argument(pipeline.front(), "values");
  if (values != nullptr && values->name.ends_with("bit")) return false;
  return pipeline.size() == 1 || (pipeline.size() == 2 && pipeline.back().name == "cast");
}

bool is_selection(const Spec& spec) {
  const bool positional = argument(spec, "") != nullptr;  // which may be the values'
  return (spec.name == "topk" || spec.name == "threshold") && !argument(spec, "sample") &&
         !positional;
}

// Nothing where numbers stay what they are.
template <Element T>
std::optional<Format> format_after(const Pipeline& cast) {
  if (cast.empty()) return std::nullopt;
  const ElementType type = make_linear<T>(cast, Shape::flat(1))->factor_type();
  return type == element_type<T> ? std::nullopt : std::optional(format_of(type));
}

template <Element T>
HistogramErrors<T>::HistogramErrors(const std::vector<PlacedPipeline>& candidates,
                                    const Shape& shape)
    : n_(shape.elements()) {
  for (const PlacedPipeline& candidate : candidates) {
    const std::string& name = candidate.pipeline.front().name;
    if (name == "natural") {
      natural_.push_back(candidate.place);
    } else if (name == "cast") {
      casts_.push_back({candidate.place, format_after<T>(candidate.pipeline)});
    } else {
      add_selected(candidate, shape);
    }
  }
}

template <Element T>
void HistogramErrors<T>::add_selected(const PlacedPipeline& candidate, const Shape& shape) {
  const Pipeline& pipeline = candidate.pipeline;
  auto compressor = make_sparse_message<T>(pipeline, shape);
  Selected one{candidate.place, format_after<T>(cast_of_values(pipeline)), 0, {}, {}};
  if (pipeline.front().name == "topk") {
    one.kept = *always_kept(*compressor, n_);
  } else {
    one.at_least = Arguments(pipeline.front())
                       .required_number("value", 0, std::numeric_limits<double>::infinity());
    one.bytes.emplace(std::move(compressor));
  }
  selected_.push_back(std::move(one));
}

template <Element T>
Estimate HistogramErrors<T>::estimate(const Selected& one, Bins bins, double scale) const {
  const auto n = static_cast<double>(n_);
  const Part part =
      one.at_least ? drop_below(bins, one.values, *one.at_least)
                   : drop_smallest(bins, one.values, (n - static_cast<double>(one.kept)) / scale);
  Estimate estimate{.squared_error = scale * (part.squares + part.rounding_error)};
  if (one.bytes) {
    const double kept = std::clamp(n - scale * part.count, 0.0, n);
    estimate.bytes = (*one.bytes)(static_cast<std::size_t>(std::lround(kept)), n_, *scratch_);
  }
  return estimate;
}

template <Element T>
void HistogramErrors<T>::end(const Seen& seen, std::span<Estimate> all) {
  const Bins bins = histogram_->bins(*scratch_);
  for (const Selected& one : selected_) all[one.place] = estimate(one, bins, seen.scale);
  for (const auto& [place, format] : casts_) {
    all[place].squared_error = seen.scale * rounding_error(bins, format);
  }
  double natural = 0;
  for (const MagnitudeBin& bin : bins) {
    natural += natural_error(bin, static_cast<double>(std::numeric_limits<T>::min()));
  }
  for (const std::size_t place : natural_) all[place].squared_error = seen.scale * natural;
}

}  // namespace

template <Element T>
void add_histogram_errors(std::vector<PlacedPipeline>& left, const Shape& shape,
                          Estimators<T>& out) {
  const auto taken = take_pipelines(left, [](const PlacedPipeline& one) {
    const std::string& name = one.pipeline.front().name;
    if (name == "cast" || name == "natural") return one.pipeline.size() == 1;
    return is_selection(one.pipeline.front()) && casts_its_values(one.pipeline);
  });
  if (!taken.empty()) out.push_back(std::make_unique<HistogramErrors<T>>(taken, shape));
}

template void add_histogram_errors<float>(std::vector<PlacedPipeline>&, const Shape&,
                                          Estimators<float>&);
template void add_histogram_errors<double>(std::vector<PlacedPipeline>&, const Shape&,
                                           Estimators<double>&);

}  // namespace pith
