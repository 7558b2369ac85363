#include "storage/base/log.h"

#include <atomic>
#include <cstdio>
#include <ctime>
#include <utility>

#include <fmt/core.h>

#include "storage/base/clock.h"
#include "storage/base/mutex.h"

namespace stria {
namespace {

std::atomic<LogFormat> log_format = LogFormat::kText;  // Set at the start, read by all.

struct Sink {
  Mutex mutex;
  std::function<void(std::string_view)> take STRIA_GUARDED_BY(mutex);
};

Sink& TheSink() {
  static Sink sink;
  return sink;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

// In double quotes, as JSON escapes; other bytes as they are.
std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

bool IsPlain(std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == ':' || c == '/';
    if (!plain) return false;
  }
  return !text.empty();
}

}  // namespace

void SetLogFormat(LogFormat format) {
  log_format.store(format, std::memory_order_relaxed);
}

void SetLogSink(std::function<void(std::string_view line)> sink) {
  const MutexLock lock(TheSink().mutex);
  TheSink().take = std::move(sink);
}

std::string FormatLogLine(LogFormat format, int64_t time_ns, LogLevel level,
                          std::string_view message, std::initializer_list<LogField> fields) {
  const std::time_t seconds = time_ns / 1'000'000'000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char stamp[32];
  std::strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
  const auto time = fmt::format("{}.{:03}Z", stamp, time_ns / 1'000'000 % 1000);
  std::string line;
  if (format == LogFormat::kJson) {
    line = fmt::format(R"({{"time":"{}","level":"{}","message":{})", time, LevelName(level),
                       Quote(message));
    for (const auto& [name, value] : fields)
      line += fmt::format(",{}:{}", Quote(name), Quote(value));
    return line + '}';
  }
  const std::string quoted = Quote(message);
  line = fmt::format("{} {} {}", time, LevelName(level),
                     std::string_view(quoted).substr(1, quoted.size() - 2));
  for (const auto& [name, value] : fields) {
    line += fmt::format(" {}={}", name, IsPlain(value) ? value : Quote(value));
  }
  return line;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  auto line = FormatLogLine(log_format.load(std::memory_order_relaxed), SystemClock().NowNs(),
                            level, message, fields);
  const MutexLock lock(TheSink().mutex);
  if (TheSink().take != nullptr) return TheSink().take(line);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace stria
