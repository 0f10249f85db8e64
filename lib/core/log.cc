// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <boost/algorithm/string/predicate.hpp>
#include <mutex>
#include <string>

#include <unistd.h>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

namespace pith {
namespace {

constexpr std::string_view kNames[] = {"NONE", "WARN", "INFO", "TRACE"};  // in LogLevel's order

struct Output {
  std::mutex mutex;
  LogSink sink;
};

Output& output() {
  static Output instance;
  return instance;
}

void write_line(LogLevel level, std::string_view subsystem, std::string_view message) {
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  if (out.sink) return out.sink(level, subsystem, message);
  std::string line("pith ");
  line.append(kNames[static_cast<std::size_t>(level)]).append(" [").append(subsystem);
  line.append("] ").append(message).append("\n");
  // Nobody is left to be told if stderr fails.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

LogLevel level_from_environment() {
  try {
    const std::string text = environment("PITH_DEBUG").value_or("WARN");
    for (std::size_t i = 0; i < std::size(kNames); ++i) {
      if (boost::iequals(text, kNames[i])) return static_cast<LogLevel>(i);
    }
    write_line(LogLevel::warn, "CONFIG",
               "PITH_DEBUG must be NONE, WARN, INFO or TRACE, not \"" + text + "\"");
  } catch (const UsageError& error) {
    // A damaged file is reported here and thrown at whoever asks it for a value.
    write_line(LogLevel::warn, "CONFIG", error.what());
  }
  return LogLevel::warn;
}

std::atomic<LogLevel>& current_level() {
  static std::atomic<LogLevel> level = level_from_environment();
  return level;
}

}  // namespace

void log(LogLevel level, std::string_view subsystem, std::string_view message) {
  if (level == LogLevel::none || level > current_level()) return;
  write_line(level, subsystem, message);
}

LogSink set_log_sink(LogSink sink) {
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  return std::exchange(out.sink, std::move(sink));
}

void set_log_level(LogLevel level) { current_level() = level; }

}  // namespace pith
