// The unit in which a write request states its times.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stria::ingest {

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

/// The unit in which `time` lies between the years 2000 and 2128 or so, which is what a device most
/// probably meant. Nothing for values that are plausible in none.
std::optional<Precision> GuessPrecision(int64_t time);

}  // namespace stria::ingest
