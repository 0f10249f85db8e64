// SPDX-License-Identifier: Apache-2.0
#include "curves_times.h"

#include <algorithm>
#include <iterator>

#include <pith/adaptive/error_curve.h>
#include <pith/collectives/stopwatch.h>

#include "floors.h"
#include "median.h"
#include "table.h"

namespace pith::bench {
namespace {

struct CurveArm {
  std::string name;
  std::vector<ErrorCurve<float>> curves;  // one per tensor
  std::vector<double> seconds = {};
};

// 17 densities, from 10 % down by a factor of about 1.5 each.
std::vector<std::string> top_k_specs() {
  std::vector<std::string> specs;
  for (const char* density :
       {"0.1", "0.07", "0.05", "0.03", "0.02", "0.015", "0.01", "0.007", "0.005", "0.003", "0.002",
        "0.0015", "0.001", "0.0007", "0.0005", "0.0003", "0.0001"}) {
    specs.push_back(std::string("topk(density=") + density + ")");
  }
  return specs;
}

std::vector<std::string> quantize_specs() {
  std::vector<std::string> specs;
  for (const char* bits : {"2", "3", "4", "5", "6", "7", "8"}) {
    specs.push_back(std::string("quantize(bits=") + bits + ")");
  }
  return specs;
}

std::vector<CurveArm> make_arms(std::span<const Shape> shapes) {
  auto both = top_k_specs();
  const auto quantize = quantize_specs();
  both.insert(both.end(), quantize.begin(), quantize.end());
  std::vector<CurveArm> arms;
  const auto add = [&](std::string name, const std::vector<std::string>& specs, Sampling sampling) {
    CurveArm arm{std::move(name), {}};
    for (const Shape& shape : shapes) arm.curves.emplace_back(parse_all(specs), shape, sampling);
    arms.push_back(std::move(arm));
  };
  add("topk and quantize, sampled", both, {});
  add("topk, sampled", top_k_specs(), {});
  add("quantize, sampled", quantize, {});
  add("topk and quantize, all", both, {.one_in = 1});
  add("topk, all", top_k_specs(), {.one_in = 1});
  add("quantize, all", quantize, {.one_in = 1});
  add("lowrank to 16", {"lowrank(rank=1)", "lowrank(rank=4)", "lowrank(rank=16)"}, {});
  return arms;
}

void observe(std::vector<ErrorCurve<float>>& curves, std::span<const Shape> shapes,
             std::span<const float> gradient, std::size_t step, Scratch& scratch) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto tensor = gradient.subspan(first, shapes[i].elements());
    curves[i].observe(WholeSource<float>(tensor), {.tensor = i, .step = step}, scratch);
    first += tensor.size();
  }
}

}  // namespace

std::size_t elements_of(std::span<const Shape> shapes) {
  std::size_t elements = 0;
  for (const Shape& shape : shapes) elements += shape.elements();
  return elements;
}

std::vector<Pipeline> parse_all(const std::vector<std::string>& specs) {
  std::vector<Pipeline> out;
  std::ranges::transform(specs, std::back_inserter(out), parse_pipeline);
  return out;
}

void print_curve_times(std::ostream& out, std::span<const Shape> shapes,
                       const Gradients<float>& gradients, Turns turns) {
  auto arms = make_arms(shapes);
  Floors<float> floors(gradients.size());
  std::vector<double> reads;
  Scratch scratch;
  for (std::size_t i = 0; i < turns.warm_up + turns.timed; ++i) {
    const bool timed = i >= turns.warm_up;
    const double read = floors.measure(gradients.step(i)).read;
    if (timed) reads.push_back(read);
    for (CurveArm& arm : arms) {
      double seconds = 0;
      {
        Stopwatch watch(seconds);
        observe(arm.curves, shapes, gradients.step(i), i, scratch);
      }
      if (timed) arm.seconds.push_back(seconds);
    }
  }
  Table table(out, {{"estimates", "", 26}, {"median", "(ms)", 9}, {"of read", "(x)", 8}});
  table.header();
  const double read = median(reads);
  table.row({"plain read", fixed(read * 1e3, 3), "1.00"});
  for (const CurveArm& arm : arms) {
    const double seconds = median(arm.seconds);
    table.row({arm.name, fixed(seconds * 1e3, 3), fixed(seconds / read, 2)});
  }
}

}  // namespace pith::bench
