// Structured log lines on stderr: a level, a message, and fields.

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace stria {

enum class LogLevel : uint8_t { kInfo, kWarning, kError };
enum class LogFormat : uint8_t { kText, kJson };

/// One field; values are escaped, so that no input can forge a line.
using LogField = std::pair<std::string_view, std::string>;

/// For the whole process; text until set.
void SetLogFormat(LogFormat format);

/// Takes each line, without its newline, in the place of stderr; none for stderr again. For the
/// whole process, and for tests: called under a lock, so it must not log.
void SetLogSink(std::function<void(std::string_view line)> sink);

/// Writes one line: `2026-11-24T12:00:00.123Z warning message name=value` or the same as JSON.
/// Thread safety: thread-safe; lines do not mix.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// The line, without the newline; for tests.
std::string FormatLogLine(LogFormat format, int64_t time_ns, LogLevel level,
                          std::string_view message, std::initializer_list<LogField> fields);

}  // namespace stria
