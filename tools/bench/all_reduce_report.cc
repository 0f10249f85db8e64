// SPDX-License-Identifier: Apache-2.0
#include "all_reduce_report.h"

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

std::vector<Column> columns(const CollectiveOptions& options) {
  std::size_t spec = 0;
  for (const std::string& text : options.compressors) spec = std::max(spec, text.size());
  return {{"size", "(B)", 11},      {"count", "(elem)", 10}, {"type", "", 6},
          {"compressor", "", spec}, {"feedback", "", 8},     {"exchange", "", 8},
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

Json json_of(const AllReduceResult& result, const char* type) {
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
          {"ratio", result.ratio()},
          {"encode_us", kMicro * result.encode_seconds},
          {"exchange_us", kMicro * result.exchange_seconds},
          {"decode_us", kMicro * result.decode_seconds},
          {"relerr", result.check ? Json(result.check->relative_error) : Json()},
          {"nwrong", result.check ? Json(result.check->wrong) : Json()}};
}

// Times and bytes of all layers.
AllReduceResult sum_of(std::span<const AllReduceResult> layers) {
  AllReduceResult sum = layers.front();
  sum.check.reset();
  for (const AllReduceResult& layer : layers.subspan(1)) {
    sum.size += layer.size;
    sum.count += layer.count;
    for (const auto field :
         {&AllReduceResult::seconds, &AllReduceResult::raw_seconds, &AllReduceResult::raw16_seconds,
          &AllReduceResult::wire_bytes, &AllReduceResult::raw_wire_bytes,
          &AllReduceResult::message_bytes, &AllReduceResult::encode_seconds,
          &AllReduceResult::exchange_seconds, &AllReduceResult::decode_seconds}) {
      sum.*field += layer.*field;
    }
  }
  return sum;
}

}  // namespace

double AllReduceResult::busbw() const {
  return algbw() * 2 * static_cast<double>(ranks - 1) / static_cast<double>(ranks);
}

double AllReduceResult::wire_ratio() const { return ratio_of(raw_wire_bytes, wire_bytes); }

double AllReduceResult::ratio() const {
  return ratio_of(static_cast<double>(ranks * size), message_bytes);
}

AllReduceReport::AllReduceReport(const CollectiveOptions& options, Communicator& communicator)
    : options_(options), communicator_(communicator), table_(std::cout, columns(options)) {
  create_file();
  if (communicator.rank() == 0) print_header();
}

void AllReduceReport::create_file() {
  std::string problem;
  try {
    if (communicator_.rank() == 0 && !options_.json.empty()) file_.emplace(options_.json);
  } catch (const UsageError& error) {
    problem = error.what();
  }
  share_error(communicator_, problem);
}

void AllReduceReport::print_header() {
  const std::string ranks = std::to_string(communicator_.size()) + " ranks ";
  table_.comment("pith-bench " PITH_VERSION " allreduce");
  table_.comment(options_.parameters);
  table_.comment(machine() + "; " + ranks +
                 (options_.ranks.local > 0 ? "as threads" : "under MPI") + ", " +
                 std::to_string(threads()) + " threads each");
  table_.header();
}

void AllReduceReport::comment(const std::string& text) {
  if (communicator_.rank() == 0) table_.comment(text);
}

void AllReduceReport::add(const AllReduceResult& result) {
  results_.push_back(result);
  if (communicator_.rank() == 0) print(result);
}

void AllReduceReport::print(const AllReduceResult& result) {
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
              result.check ? std::to_string(result.check->wrong) : "N/A",
              fixed(result.ratio(), 2),
              fixed(result.wire_bytes, 0),
              fixed(result.wire_ratio(), 2),
              microseconds(result.encode_seconds),
              microseconds(result.exchange_seconds),
              microseconds(result.decode_seconds),
              result.check ? scientific(result.check->relative_error) : "N/A"});
}

void AllReduceReport::add_sums() {
  comment("all layers together, vectors left out:");
  std::vector<AllReduceResult> rest = results_;
  while (!rest.empty()) {
    const CollectiveCase what = rest.front().what;
    const auto other = std::stable_partition(
        rest.begin(), rest.end(), [&](const AllReduceResult& one) { return one.what == what; });
    const std::span layers(rest.begin(), other);
    if (layers.size() == options_.shapes.size() && communicator_.rank() == 0) print(sum_of(layers));
    rest.erase(rest.begin(), other);
  }
}

int AllReduceReport::finish() {
  std::size_t wrong = 0;
  bool under = false;
  for (const AllReduceResult& result : results_) {
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

std::string AllReduceReport::json() const {
  Json results = Json::array();
  for (const auto& result : results_) results.push_back(json_of(result, type_name(options_)));
  return Json{{"ranks", communicator_.size()}, {"results", results}}.dump(1);
}

}  // namespace pith::bench
