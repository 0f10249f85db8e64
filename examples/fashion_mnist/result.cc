// SPDX-License-Identifier: Apache-2.0
#include "result.h"

#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace fashion_mnist {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Point& point) {
  return {{"step", point.step}, {"message_bytes", point.message_bytes}, {"value", point.value}};
}

Json to_json(const pith::UnitStatistics& unit) {
  return {{"name", unit.name},
          {"elements", unit.elements},
          {"compressor", unit.compressor},
          {"feedback", unit.feedback},
          {"exchange", unit.exchange},
          {"why_dense", unit.why_dense},
          {"message_bytes", unit.message_bytes},
          {"ratio", unit.ratio}};
}

Json to_json(const pith::AdaptiveDecision& decision) {
  return {{"step", decision.step},     {"compressors", decision.compressors},
          {"ratios", decision.ratios}, {"error", decision.error},
          {"cost", decision.cost},     {"within_budget", decision.within_budget}};
}

template <class Element>
Json list(const std::vector<Element>& elements, Json one(const Element&)) {
  Json out = Json::array();
  for (const auto& element : elements) out.push_back(one(element));
  return out;
}

Json to_json(const pith::AdaptiveStatistics& adaptive) {
  return {{"policy", adaptive.policy},
          {"units", adaptive.units},
          {"seconds", adaptive.seconds},
          {"decisions", list(adaptive.decisions, to_json)}};
}

const char* name_of(pith::CompressedUnit unit) {
  switch (unit) {
    case pith::CompressedUnit::tensor:
      return "tensor";
    case pith::CompressedUnit::bucket:
      return "bucket";
    case pith::CompressedUnit::model:
      return "model";
  }
  return "";
}

}  // namespace

void write_json(const Options& options, const Result& result) {
  const bool inplace = options.reducer.commit == pith::Commit::inplace;
  const Json json = {{"dataset", "Fashion-MNIST"},
                     {"ranks", result.ranks},
                     {"parameters", result.parameters},
                     {"seed", options.seed},
                     {"epochs", options.epochs},
                     {"batch", options.batch},
                     {"learning_rate", options.learning_rate},
                     {"warmup", options.warmup_steps},
                     {"momentum", options.momentum},
                     {"clip", options.reducer.clip},
                     {"split", options.split == Split::sorted ? "sorted" : "random"},
                     {"unit", name_of(options.reducer.unit)},
                     {"commit", inplace ? "inplace" : "step"},
                     {"compressor", options.reducer.compressor},
                     {"feedback", options.reducer.feedback},
                     {"exchange", result.exchange},
                     {"test_accuracy", result.accuracy.back().value},
                     {"final_loss", result.final_loss},
                     {"ratio_fp32", result.ratio_fp32},
                     {"ratio_fp16", result.ratio_fp32 / 2},
                     {"wire_bytes_per_step", result.wire_bytes_per_step},
                     {"wire_ratio", result.wire_ratio},
                     {"seconds", result.seconds},
                     {"accuracy", list(result.accuracy, to_json)},
                     {"loss", list(result.loss, to_json)},
                     {"units", list(result.units, to_json)},
                     {"adaptive", list(result.adaptive, to_json)}};
  std::ofstream file(options.json);
  file << json.dump(1) << '\n';
  if (!file.flush()) throw std::runtime_error("cannot write " + options.json.string());
}

std::string summary_line(const Result& result) {
  std::ostringstream line;
  line << std::fixed << std::setprecision(4) << "test accuracy " << result.accuracy.back().value
       << ", final loss " << result.final_loss << std::setprecision(1) << ", ratio "
       << result.ratio_fp32 << " to fp32 and " << result.ratio_fp32 / 2 << " to 16 bit, "
       << result.wire_bytes_per_step / 1000 << " kB on the wire per step and rank, "
       << result.seconds << " s";
  return line.str();
}

}  // namespace fashion_mnist
