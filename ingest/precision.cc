#include "ingest/precision.h"

namespace stria::ingest {

std::optional<Precision> ParsePrecision(std::string_view name) {
  if (name.empty() || name == "ns" || name == "n") return Precision::kNanoseconds;
  if (name == "us" || name == "u") return Precision::kMicroseconds;
  if (name == "ms") return Precision::kMilliseconds;
  if (name == "s") return Precision::kSeconds;
  if (name == "m") return Precision::kMinutes;
  if (name == "h") return Precision::kHours;
  return std::nullopt;
}

std::string_view PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kNanoseconds: return "ns";
    case Precision::kMicroseconds: return "us";
    case Precision::kMilliseconds: return "ms";
    case Precision::kSeconds: return "s";
    case Precision::kMinutes: return "m";
    case Precision::kHours: return "h";
  }
  return "ns";
}

std::optional<Precision> GuessPrecision(int64_t time) {
  constexpr int64_t kYear2000 = 946'684'800;  // Seconds since 1970.
  constexpr int64_t kYear2128 = 5'000'000'000;
  constexpr Precision kUnits[] = {Precision::kSeconds, Precision::kMilliseconds,
                                  Precision::kMicroseconds, Precision::kNanoseconds};
  for (const Precision unit : kUnits) {
    const int64_t per_second = NanosecondsPer(Precision::kSeconds) / NanosecondsPer(unit);
    const int64_t seconds = time / per_second;
    if (seconds >= kYear2000 && seconds < kYear2128) return unit;
  }
  return std::nullopt;
}

}  // namespace stria::ingest
