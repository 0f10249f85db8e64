// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <pith/comm/link.h>
#include <pith/core/error.h>

namespace pith {
namespace {

void expect(bool fine, const char* what, double value, const char* expected) {
  if (fine && std::isfinite(value)) return;
  std::ostringstream out;
  out << "link: " << what << " " << value << ", a number " << expected << " expected";
  throw UsageError(out.str());
}

}  // namespace

void Link::check() const {
  expect(bytes_per_second >= 1, "bytes_per_second", bytes_per_second, "of at least 1");
  expect(burst_bytes >= 0, "burst_bytes", burst_bytes, "of at least 0");
  expect(latency_seconds >= 0, "latency_seconds", latency_seconds, "of at least 0");
}

namespace local {

double LinkEnd::pass(const Traffic& traffic, double now) {
  const std::lock_guard lock(mutex_);
  sent_free_ = fill(sent_free_, traffic.sent, now);
  received_free_ = fill(received_free_, traffic.received, now);
  return std::max({now, sent_free_, received_free_}) +
         static_cast<double>(traffic.steps) * link_.latency_seconds;
}

double LinkEnd::fill(double free, std::uint64_t bytes, double now) const {
  return std::max(free, now - link_.burst_bytes / link_.bytes_per_second) +
         static_cast<double>(bytes) / link_.bytes_per_second;
}

}  // namespace local
}  // namespace pith
