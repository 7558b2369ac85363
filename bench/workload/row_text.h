// Writing the pieces of a row, without looking for room: RowSource::kMaxRowBytes is enough.

#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bench/workload/workload.h"

namespace stria::bench {

inline char* WriteText(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

inline char* WriteInteger(char* out, int64_t value) {
  if (value >= 0 && value < 100) {
    // What nearly all fields of cpu-only are.
    const auto digits = static_cast<int>(value);
    if (digits >= 10) *out++ = static_cast<char>('0' + digits / 10);
    *out++ = static_cast<char>('0' + digits % 10);
    return out;
  }
  return std::to_chars(out, out + 24, value).ptr;
}

/// `value` cut toward zero to so many decimals, in its shortest form: "25", "26.6".
inline char* WriteDecimals(char* out, double value, int decimals) {
  static constexpr int64_t kPowers[] = {1, 10, 100, 1000, 10'000, 100'000};
  const int64_t power = kPowers[decimals];
  auto scaled = static_cast<int64_t>(value * static_cast<double>(power));
  if (scaled < 0) {
    *out++ = '-';
    scaled = -scaled;
  }
  out = WriteInteger(out, scaled / power);
  int64_t rest = scaled % power;
  if (rest == 0) return out;
  *out++ = '.';
  for (int64_t digit = power / 10; rest != 0; digit /= 10) {
    *out++ = static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return out;
}

/// The shortest text that reads back as `value`, without an exponent.
inline char* WriteFull(char* out, double value) {
  return std::to_chars(out, out + 400, value, std::chars_format::fixed).ptr;
}

/// A field of cpu-only or devops that walks: "58i", "58.37" or "58.371428571428574".
inline char* WriteWalk(char* out, double value, NumberForm form) {
  if (form == NumberForm::kStock) {
    out = WriteInteger(out, static_cast<int64_t>(value));
    *out++ = 'i';
    return out;
  }
  return form == NumberForm::kFull ? WriteFull(out, value) : WriteDecimals(out, value, 2);
}

}  // namespace stria::bench
