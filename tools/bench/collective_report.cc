// SPDX-License-Identifier: Apache-2.0
#include "collective_report.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>

#include <pith/core/error.h>
#include <pith/core/threads.h>
#include <pith/reducer/agreement.h>

#include "exit_code.h"
#include "machine.h"

namespace pith::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicro = 1e6;
const std::string kNotKnown = "N/A";

std::vector<Column> columns(const CollectiveOptions& options) {
  const std::size_t exchange = options.collective == Collective::all_reduce ? 8 : 13;
  std::size_t spec = 0;
  for (const std::string& text : options.compressors) spec = std::max(spec, text.size());
  return {{"size", "(B)", 11},      {"count", "(elem)", 10}, {"type", "", 6},
          {"compressor", "", spec}, {"feedback", "", 8},     {"exchange", "", exchange},
          {"time", "(us)", 10},     {"raw", "(us)", 10},     {"raw16", "(us)", 10},
          {"effx", "(x)", 6},       {"algbw", "(GB/s)", 6},  {"busbw", "(GB/s)", 6},
          {"#wrong", "", 6},        {"ratio", "(x)", 8},     {"wire", "(B)", 11},
          {"wire_ratio", "(x)", 8}, {"encode", "(us)", 10},  {"exchange", "(us)", 10},
          {"decode", "(us)", 10},   {"relerr", "(l2)", 8}};
}

const char* type_name(const CollectiveOptions& options) {
  return options.type == ElementType::float32 ? "float" : "double";
}

std::string microseconds(double seconds) { return fixed(kMicro * seconds, 1); }

// 1 where nothing is sent on either side: one rank.
double ratio_of(double whole, double part) { return part > 0 ? whole / part : 1; }

// Only a reducer tells what its parts cost.
bool tells_parts(const CollectiveResult& result) {
  return result.collective == Collective::all_reduce;
}

Json told(const CollectiveResult& result, double value) {
  return tells_parts(result) ? Json(value) : Json();
}

std::optional<double> relative_error(const CollectiveResult& result) {
  return result.check ? result.check->relative_error : std::nullopt;
}

Json json_of(const CollectiveResult& result, const char* type) {
  const auto error = relative_error(result);
  return {{"size", result.size},
          {"count", result.count},
          {"type", type},
          {"compressor", result.what.compressor},
          {"feedback", result.what.feedback},
          {"exchange", result.what.exchange},
          {"time_us", kMicro * result.seconds},
          {"raw_time_us", kMicro * result.raw_seconds},
          {"raw16_time_us", kMicro * result.raw16_seconds},
          {"effx", result.effx()},
          {"algbw", result.algbw()},
          {"busbw", result.busbw()},
          {"wire_bytes", std::llround(result.wire_bytes)},
          {"wire_ratio", result.wire_ratio()},
          {"ratio", told(result, result.ratio())},
          {"encode_us", told(result, kMicro * result.encode_seconds)},
          {"exchange_us", told(result, kMicro * result.exchange_seconds)},
          {"decode_us", told(result, kMicro * result.decode_seconds)},
          {"relerr", error ? Json(*error) : Json()},
          {"nwrong", result.check ? Json(result.check->wrong) : Json()}};
}

// Times and bytes of all layers.
CollectiveResult sum_of(std::span<const CollectiveResult> layers) {
  CollectiveResult sum = layers.front();
  sum.check.reset();
  for (const CollectiveResult& layer : layers.subspan(1)) {
    sum.size += layer.size;
    sum.count += layer.count;
    for (const auto field : {&CollectiveResult::seconds, &CollectiveResult::raw_seconds,
                             &CollectiveResult::raw16_seconds, &CollectiveResult::wire_bytes,
                             &CollectiveResult::raw_wire_bytes, &CollectiveResult::message_bytes,
                             &CollectiveResult::encode_seconds, &CollectiveResult::exchange_seconds,
                             &CollectiveResult::decode_seconds}) {
      sum.*field += layer.*field;
    }
  }
  return sum;
}

}  // namespace

double CollectiveResult::busbw() const { return algbw() * bus_factor(collective, ranks); }

double CollectiveResult::wire_ratio() const { return ratio_of(raw_wire_bytes, wire_bytes); }

double CollectiveResult::ratio() const {
  return ratio_of(static_cast<double>(ranks * size), message_bytes);
}

CollectiveReport::CollectiveReport(const CollectiveOptions& options, Communicator& communicator)
    : options_(options), communicator_(communicator), table_(std::cout, columns(options)) {
  create_file();
  if (communicator.rank() == 0) print_header();
}

void CollectiveReport::create_file() {
  std::string problem;
  try {
    if (communicator_.rank() == 0 && !options_.json.empty()) file_.emplace(options_.json);
  } catch (const UsageError& error) {
    problem = error.what();
  }
  share_error(communicator_, problem);
}

void CollectiveReport::print_header() {
  const std::string ranks = std::to_string(communicator_.size()) + " ranks ";
  table_.comment("pith-bench " PITH_VERSION " " + std::string(name_of(options_.collective)));
  table_.comment(options_.parameters);
  table_.comment(machine() + "; " + ranks +
                 (options_.ranks.local > 0 ? "as threads" : "under MPI") + ", " +
                 std::to_string(threads()) + " threads each");
  table_.header();
}

void CollectiveReport::comment(const std::string& text) {
  if (communicator_.rank() == 0) table_.comment(text);
}

void CollectiveReport::add(const CollectiveResult& result) {
  results_.push_back(result);
  if (communicator_.rank() == 0) print(result);
}

void CollectiveReport::print(const CollectiveResult& result) {
  const auto error = relative_error(result);
  const auto cell = [&](std::string text) { return tells_parts(result) ? text : kNotKnown; };
  table_.row({std::to_string(result.size),
              std::to_string(result.count),
              type_name(options_),
              result.what.compressor,
              result.what.feedback,
              result.what.exchange,
              microseconds(result.seconds),
              microseconds(result.raw_seconds),
              microseconds(result.raw16_seconds),
              fixed(result.effx(), 2),
              fixed(result.algbw(), 2),
              fixed(result.busbw(), 2),
              result.check ? std::to_string(result.check->wrong) : kNotKnown,
              cell(fixed(result.ratio(), 2)),
              fixed(result.wire_bytes, 0),
              fixed(result.wire_ratio(), 2),
              cell(microseconds(result.encode_seconds)),
              cell(microseconds(result.exchange_seconds)),
              cell(microseconds(result.decode_seconds)),
              error ? scientific(*error) : kNotKnown});
}

void CollectiveReport::add_sums() {
  comment("all layers together, vectors left out:");
  std::vector<CollectiveResult> rest = results_;
  while (!rest.empty()) {
    const CollectiveCase what = rest.front().what;
    const auto other = std::stable_partition(
        rest.begin(), rest.end(), [&](const CollectiveResult& one) { return one.what == what; });
    const std::span layers(rest.begin(), other);
    if (layers.size() == options_.shapes.size() && communicator_.rank() == 0) print(sum_of(layers));
    rest.erase(rest.begin(), other);
  }
}

int CollectiveReport::finish() {
  std::size_t wrong = 0;
  bool under = false;
  for (const CollectiveResult& result : results_) {
    if (result.check) wrong += result.check->wrong;
    under = under || (options_.min_effx && result.effx() < *options_.min_effx);
  }
  comment("wrong values: " + std::to_string(wrong));
  if (file_) {
    file_->write(json());
    comment("written to " + file_->path());
  }
  if (wrong > 0) return kWrongValues;
  return under ? kUnderFloor : kFine;
}

std::string CollectiveReport::json() const {
  Json results = Json::array();
  for (const auto& result : results_) results.push_back(json_of(result, type_name(options_)));
  return Json{{"ranks", communicator_.size()}, {"results", results}}.dump(1);
}

}  // namespace pith::bench
