// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace pith {

/// PITH_DEBUG=WARN (default), INFO or TRACE; none silences all.
enum class LogLevel { none, warn, info, trace };

/// Writes "pith WARN [subsystem] message" to stderr, or to the sink, if the level is on.
/// Subsystems: INIT, COMM, COMP, EF, CONFIG.
void log(LogLevel level, std::string_view subsystem, std::string_view message);

using LogSink = std::function<void(LogLevel, std::string_view subsystem, std::string_view message)>;

/// Sends all lines to `sink` instead of stderr; an empty one restores stderr. Returns the one
/// before.
LogSink set_log_sink(LogSink sink);

/// Sets the level; the environment's PITH_DEBUG is read once before the first line.
void set_log_level(LogLevel level);

}  // namespace pith
