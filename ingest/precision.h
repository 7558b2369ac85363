// The unit in which a write request states its times.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stria::ingest {

/// Times that the engine can hold, as in InfluxDB.
inline constexpr int64_t kMinTimeNs = -9'223'372'036'854'775'806;
inline constexpr int64_t kMaxTimeNs = 9'223'372'036'854'775'806;

enum class Precision : uint8_t {
  kNanoseconds,
  kMicroseconds,
  kMilliseconds,
  kSeconds,
  kMinutes,
  kHours,
};

/// The unit that a client calls `name`: "" (ns), "n", "ns", "u", "us", "ms", "s", "m" or "h".
std::optional<Precision> ParsePrecision(std::string_view name);

/// The name that every protocol accepts: "ns", "us", "ms", "s", "m" or "h".
std::string_view PrecisionName(Precision precision);

constexpr int64_t NanosecondsPer(Precision precision) {
  switch (precision) {
    case Precision::kNanoseconds: return 1;
    case Precision::kMicroseconds: return 1'000;
    case Precision::kMilliseconds: return 1'000'000;
    case Precision::kSeconds: return 1'000'000'000;
    case Precision::kMinutes: return 60LL * 1'000'000'000;
    case Precision::kHours: return 3600LL * 1'000'000'000;
  }
  return 1;
}

/// A time in units of `unit_ns` as nanoseconds; false if the engine cannot hold it.
inline bool ToNanoseconds(int64_t time, int64_t unit_ns, int64_t& time_ns) {
  return !__builtin_mul_overflow(time, unit_ns, &time_ns) && time_ns >= kMinTimeNs &&
         time_ns <= kMaxTimeNs;
}

/// The unit in which `time` lies between the years 2000 and 2128 or so, which is what a device most
/// probably meant. Nothing for values that are plausible in none.
std::optional<Precision> GuessPrecision(int64_t time);

}  // namespace stria::ingest
