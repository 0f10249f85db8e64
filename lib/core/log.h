// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace pith {

/// PITH_DEBUG=WARN (default), INFO or TRACE; NONE silences all. Any other value is warned about.
enum class LogLevel { none, warn, info, trace };

/// Writes "pith WARN [subsystem] message" to stderr, or to the sink, if the level is on. From any
/// thread; a line is one write, so lines of several threads or processes do not mix.
/// Subsystems: INIT, COMM, COMP, EF, CONFIG, NODE, PROGRESS, AUTO, ADAPT, HEALTH.
void log(LogLevel level, std::string_view subsystem, std::string_view message);

using LogSink = std::function<void(LogLevel, std::string_view subsystem, std::string_view message)>;

/// Sends all lines to `sink` instead of stderr; an empty one restores stderr. Returns the one
/// before. A sink is called by one thread at a time, not after it was replaced, and must not log.
LogSink set_log_sink(LogSink sink);

/// Sets the level, whatever PITH_DEBUG says; that is read once, before the first line.
void set_log_level(LogLevel level);

}  // namespace pith
