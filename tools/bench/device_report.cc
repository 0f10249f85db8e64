// SPDX-License-Identifier: Apache-2.0
#include "device_report.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include <pith/cuda/stream.h>

#include "exit_code.h"

namespace pith::bench {
namespace {

using Json = nlohmann::ordered_json;

double gbps(const DeviceResult& result, double seconds) {
  return static_cast<double>(result.bytes()) / seconds / 1e9;
}

double ratio_of(const DeviceResult& result) {
  return static_cast<double>(result.bytes()) /
         static_cast<double>(std::max<std::size_t>(result.payload_bytes, 1));
}

std::vector<Column> columns(const CodecOptions& options) {
  return {{"size", "(B)", 11},
          {"count", "(elem)", 10},
          {"compressor", "", std::ranges::max(options.compressors, {}, &std::string::size).size()},
          {"feedback", "", 8},
          {"copy", "(GB/s)", 7},
          {"encode", "(GB/s)", 7},
          {"of copy", "(x)", 8},
          {"decode", "(GB/s)", 7},
          {"of copy", "(x)", 8},
          {"graph", "(us)", 9},
          {"payload", "(B)", 11},
          {"ratio", "(x)", 8},
          {"relerr", "(l2)", 8},
          {"#wrong", "", 6}};
}

std::vector<std::string> cells(const DeviceResult& result) {
  const DeviceSeconds& seconds = result.seconds;
  return {std::to_string(result.bytes()),
          std::to_string(result.count),
          result.compressor,
          result.feedback,
          fixed(gbps(result, seconds.copy), 1),
          fixed(gbps(result, seconds.encode), 1),
          fixed(seconds.encode / seconds.copy, 2),
          fixed(gbps(result, seconds.decode), 1),
          fixed(seconds.decode / seconds.copy, 2),
          seconds.graph ? fixed(*seconds.graph * 1e6, 1) : "N/A",
          std::to_string(result.payload_bytes),
          fixed(ratio_of(result), 2),
          result.check ? scientific(result.check->relative_error) : "N/A",
          result.check ? std::to_string(result.check->wrong) : "N/A"};
}

Json json_of(const DeviceResult& result) {
  const DeviceSeconds& seconds = result.seconds;
  return {{"compressor", result.compressor},
          {"feedback", result.feedback},
          {"count", result.count},
          {"copy_gbps", gbps(result, seconds.copy)},
          {"encode_gbps", gbps(result, seconds.encode)},
          {"decode_gbps", gbps(result, seconds.decode)},
          {"encode_of_copy", seconds.encode / seconds.copy},
          {"decode_of_copy", seconds.decode / seconds.copy},
          {"graph_us", seconds.graph ? Json(*seconds.graph * 1e6) : Json()},
          {"payload_bytes", result.payload_bytes},
          {"ratio", ratio_of(result)},
          {"relerr", result.check ? Json(result.check->relative_error) : Json()},
          {"nwrong", result.check ? Json(result.check->wrong) : Json()}};
}

}  // namespace

DeviceReport::DeviceReport(const CodecOptions& options)
    : options_(options), device_(cuda::device_text()), table_(std::cout, columns(options)) {
  if (!options.json.empty()) file_.emplace(options.json);
  table_.comment("pith-bench " PITH_VERSION " codec --device");
  table_.comment(options.parameters);
  table_.comment(device_ + "; ranks " + std::to_string(options.ranks) + ", data " +
                 options.data.front());
  table_.comment("copy: of the gradient, from device to device, measured in between");
  table_.header();
}

void DeviceReport::add(const DeviceResult& result) {
  table_.row(cells(result));
  results_.push_back(result);
}

int DeviceReport::finish() {
  std::size_t wrong = 0;
  for (const DeviceResult& result : results_) {
    if (result.check) wrong += result.check->wrong;
  }
  table_.comment("wrong values: " + std::to_string(wrong));
  if (file_) {
    file_->write(json());
    table_.comment("written to " + file_->path());
  }
  return wrong > 0 ? kWrongValues : kFine;
}

std::string DeviceReport::json() const {
  Json results = Json::array();
  for (const DeviceResult& result : results_) results.push_back(json_of(result));
  return Json{{"device", device_}, {"ranks", options_.ranks}, {"results", results}}.dump(1);
}

}  // namespace pith::bench
