#include "query/output/cell_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "query/expr/time_text.h"
#include "storage/types/time_range.h"

namespace stria::query {
namespace {

// Whole numbers get digits up to here, then an exponent: 15 digits is what a double always holds.
constexpr double kMaxPlainWhole = 1e15;
constexpr double kDecimalScale = 1e4;

char* Copy(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// `value` < 100 with two digits.
char* WriteTwo(uint32_t value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

// The number scaled / 10^4, without zeros at its end.
char* WriteDecimal(int64_t scaled, char* out) {
  if (scaled < 0) *out++ = '-';
  const auto magnitude = static_cast<uint64_t>(scaled < 0 ? -scaled : scaled);
  out = WriteUint64(magnitude / 10'000, out);
  const auto fraction = static_cast<uint32_t>(magnitude % 10'000);
  if (fraction == 0) return out;
  *out++ = '.';
  out = WriteTwo(fraction % 100, WriteTwo(fraction / 100, out));
  while (out[-1] == '0')
    --out;
  return out;
}

}  // namespace

char* WriteInt64(int64_t value, char* out) {
  return std::to_chars(out, out + kMaxNumberChars, value).ptr;
}

char* WriteUint64(uint64_t value, char* out) {
  return std::to_chars(out, out + kMaxNumberChars, value).ptr;
}

char* WriteDouble(double value, char* out) {
  // Telemetry is decimals with few digits. If a whole number over 10^4 gives exactly `value`, its
  // digits are the shortest: two decimals of at most 15 digits are never the same double.
  const double scaled = std::nearbyint(value * kDecimalScale);
  if (std::abs(scaled) < kMaxPlainWhole && scaled / kDecimalScale == value && scaled != 0) {
    return WriteDecimal(static_cast<int64_t>(scaled), out);
  }
  if (std::abs(value) < kMaxPlainWhole && std::trunc(value) == value && value != 0) {
    return WriteInt64(static_cast<int64_t>(value), out);
  }
  if (std::isnan(value)) return Copy("NaN", out);
  if (std::isinf(value)) return Copy(value > 0 ? "Infinity" : "-Infinity", out);
  // Of large numbers the fixed form has digits that mean nothing.
  if (std::abs(value) >= kMaxPlainWhole) {
    return std::to_chars(out, out + kMaxNumberChars, value, std::chars_format::scientific).ptr;
  }
  return std::to_chars(out, out + kMaxNumberChars, value).ptr;
}

char* TimeWriter::Write(int64_t ns, char* out) {
  switch (form_) {
    case TimeForm::kText: break;
    case TimeForm::kNanoseconds: return WriteInt64(ns, out);
    case TimeForm::kMicroseconds: return WriteInt64(FloorDivide(ns, kNsPerUs), out);
    case TimeForm::kMilliseconds: return WriteInt64(FloorDivide(ns, kNsPerMs), out);
    case TimeForm::kSeconds: return WriteInt64(FloorDivide(ns, kNsPerSecond), out);
  }
  const int64_t day = FloorDivide(ns, kNsPerDay);
  if (day != day_) {
    std::array<char, kTimestampChars> whole;
    FormatTimestamp(ns, whole.data());
    std::memcpy(date_, whole.data(), sizeof(date_));
    day_ = day;
  }
  out = Copy({date_, sizeof(date_)}, out);
  // Unsigned: the day that holds the least int64 begins before it.
  const uint64_t ns_of_day =
      static_cast<uint64_t>(ns) - static_cast<uint64_t>(day) * static_cast<uint64_t>(kNsPerDay);
  const auto seconds = static_cast<uint32_t>(ns_of_day / kNsPerSecond);
  auto fraction = static_cast<uint32_t>(ns_of_day % kNsPerSecond);
  out = WriteTwo(seconds / 3600, out);
  *out++ = ':';
  out = WriteTwo(seconds / 60 % 60, out);
  *out++ = ':';
  out = WriteTwo(seconds % 60, out);
  *out++ = '.';
  for (int i = 8; i >= 0; --i) {
    out[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  out += 9;
  *out++ = 'Z';
  return out;
}

}  // namespace stria::query
