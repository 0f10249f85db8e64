// SPDX-License-Identifier: Apache-2.0
#include "codec_report.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "exit_code.h"
#include "machine.h"
#include "median.h"

namespace pith::bench {
namespace {

using Json = nlohmann::ordered_json;

double gbps(std::size_t bytes, double seconds) {
  return static_cast<double>(bytes) / seconds / 1e9;
}

double ratio_of(const CodecResult& result) {
  return static_cast<double>(result.bytes) /
         static_cast<double>(std::max<std::size_t>(result.payload_bytes, 1));
}

bool compares_data(const CodecOptions& options) { return options.data.size() > 1; }

std::size_t longest(const std::vector<std::string>& texts) {
  return std::ranges::max(texts, {}, &std::string::size).size();
}

std::vector<Column> columns(const CodecOptions& options) {
  std::vector<Column> all{{"size", "(B)", 11},
                          {"count", "(elem)", 10},
                          {"compressor", "", longest(options.compressors)},
                          {"feedback", "", 8},
                          {"encode", "(GB/s)", 7},
                          {"of r-add", "(x)", 8},
                          {"decode", "(GB/s)", 7},
                          {"of r-add", "(x)", 8},
                          {"payload", "(B)", 11},
                          {"ratio", "(x)", 8},
                          {"relerr", "(l2)", 8},
                          {"#wrong", "", 6}};
  if (compares_data(options)) {
    all.push_back({"data", "", longest(options.data)});
    all.push_back({"encode", "of first", 8});
    all.push_back({"decode", "of first", 8});
  }
  return all;
}

std::vector<std::string> cells(const CodecResult& result, bool compares_data) {
  std::vector<std::string> all{std::to_string(result.bytes),
                               std::to_string(result.count),
                               result.compressor,
                               result.feedback,
                               fixed(gbps(result.bytes, result.encode_seconds), 3),
                               fixed(result.of_residual_add(), 2),
                               fixed(gbps(result.bytes, result.decode_seconds), 3),
                               fixed(result.decode_of_residual_add(), 2),
                               std::to_string(result.payload_bytes),
                               fixed(ratio_of(result), 2),
                               result.check ? scientific(result.check->relative_error) : "N/A",
                               result.check ? std::to_string(result.check->wrong) : "N/A"};
  if (compares_data) {
    all.push_back(result.data);
    all.push_back(fixed(result.of_first_data, 2));
    all.push_back(fixed(result.decode_of_first_data, 2));
  }
  return all;
}

void add_to(CodecResult& sum, const CodecResult& result) {
  sum.count += result.count;
  sum.bytes += result.bytes;
  sum.encode_seconds += result.encode_seconds;
  sum.decode_seconds += result.decode_seconds;
  sum.floors.residual_add += result.floors.residual_add;
  sum.payload_bytes += result.payload_bytes;
}

// Of all that were measured between the runs of one size's codecs.
FloorSeconds floors_at(std::size_t bytes, const std::vector<CodecResult>& results) {
  const auto seconds = [&](double FloorSeconds::*which) {
    std::vector<double> all;
    for (const CodecResult& result : results) {
      if (result.bytes == bytes) all.push_back(result.floors.*which);
    }
    return median(all);
  };
  return {seconds(&FloorSeconds::read), seconds(&FloorSeconds::copy),
          seconds(&FloorSeconds::residual_add)};
}

Json json_of(const CodecResult& result, const CodecOptions& options) {
  return {{"compressor", result.compressor},
          {"feedback", result.feedback},
          {"commit", options.commit == Commit::inplace ? "inplace" : "step"},
          {"data", result.data},
          {"count", result.count},
          {"threads", options.threads},
          {"ranks", options.ranks},
          {"encode_gbps", gbps(result.bytes, result.encode_seconds)},
          {"decode_gbps", gbps(result.bytes, result.decode_seconds)},
          {"payload_bytes", result.payload_bytes},
          {"ratio", ratio_of(result)},
          {"relerr", result.check ? Json(result.check->relative_error) : Json()},
          {"of_residual_add", result.of_residual_add()},
          {"decode_of_residual_add", result.decode_of_residual_add()},
          {"of_first_data", result.of_first_data},
          {"decode_of_first_data", result.decode_of_first_data}};
}

}  // namespace

CodecReport::CodecReport(const CodecOptions& options)
    : options_(options), table_(std::cout, columns(options)) {
  if (!options.json.empty()) file_.emplace(options.json);
  table_.comment("pith-bench " PITH_VERSION " codec");
  table_.comment(options.parameters);
  const std::string turns = compares_data(options) ? " and others" : "";
  table_.comment(machine() + "; threads " + std::to_string(options.threads) + ", data " +
                 options.data.front() + turns);
  table_.comment("r-add: the in-place residual add, measured in between");
  table_.header();
}

void CodecReport::add(const CodecResult& result) {
  table_.row(cells(result, compares_data(options_)));
  results_.push_back(result);
}

void CodecReport::add_sums() {
  const std::size_t cases = results_.size() / options_.shapes.size();
  std::vector<CodecResult> sums(results_.begin(),
                                results_.begin() + static_cast<std::ptrdiff_t>(cases));
  for (std::size_t i = cases; i < results_.size(); ++i) add_to(sums[i % cases], results_[i]);
  table_.comment("all layers together, vectors left out:");
  for (std::size_t c = 0; c < cases; ++c) {
    const CodecResult& first = sums[c - c % options_.data.size()];
    sums[c].check.reset();
    sums[c].of_first_data = sums[c].encode_seconds / first.encode_seconds;
    sums[c].decode_of_first_data = sums[c].decode_seconds / first.decode_seconds;
    table_.row(cells(sums[c], compares_data(options_)));
  }
}

void CodecReport::end_size(std::size_t bytes) {
  const FloorSeconds floors = floors_at(bytes, results_);
  table_.comment("floors at " + std::to_string(bytes) + " B: read " +
                 fixed(gbps(bytes, floors.read), 2) + ", copy " +
                 fixed(gbps(bytes, floors.copy), 2) + ", residual_add " +
                 fixed(gbps(bytes, floors.residual_add), 2) + " GB/s");
}

int CodecReport::finish() {
  std::size_t wrong = 0;
  double slowest = 0;
  for (const CodecResult& result : results_) {
    if (result.check) wrong += result.check->wrong;
    slowest = std::max(slowest, result.of_residual_add());
  }
  table_.comment("wrong values: " + std::to_string(wrong));
  if (file_) {
    file_->write(json());
    table_.comment("written to " + file_->path());
  }
  if (wrong > 0) return kWrongValues;
  return options_.floor_ratio && slowest > *options_.floor_ratio ? kUnderFloor : kFine;
}

std::string CodecReport::json() const {
  const std::size_t largest = std::ranges::max(results_, {}, &CodecResult::bytes).bytes;
  const FloorSeconds floors = floors_at(largest, results_);
  Json results = Json::array();
  for (const CodecResult& result : results_) results.push_back(json_of(result, options_));
  return Json{{"floors",
               {{"read_gbps", gbps(largest, floors.read)},
                {"copy_gbps", gbps(largest, floors.copy)},
                {"residual_add_gbps", gbps(largest, floors.residual_add)}}},
              {"results", results}}
      .dump(1);
}

}  // namespace pith::bench
