#include "query/expr/time_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "storage/base/errors.h"
#include "storage/base/int128.h"
#include "storage/types/time_range.h"

namespace stria::query {
namespace {

constexpr int64_t kNsPerMinute = 60 * kNsPerSecond;
constexpr int64_t kNsPerHour = 60 * kNsPerMinute;

char* WriteDigits(uint64_t value, int num_digits, char* out) {
  for (int i = num_digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + num_digits;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A reader of characters that never runs over the end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool empty() const { return text_.empty(); }
  char Peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool Take(char c) {
    if (Peek() != c || empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  void SkipBlanks() {
    while (!empty() && (Peek() == ' ' || Peek() == '\t'))
      text_.remove_prefix(1);
  }
  // A number of `min` to `max` digits.
  std::optional<int64_t> Digits(int min, int max) {
    int64_t value = 0;
    int count = 0;
    while (count < max && IsDigit(Peek())) {
      value = value * 10 + (Peek() - '0');
      text_.remove_prefix(1);
      ++count;
    }
    if (count < min) return std::nullopt;
    return value;
  }
  // The digits after a point as ns; further ones than nine are dropped.
  std::optional<int64_t> FractionNs() {
    int64_t value = 0;
    int count = 0;
    for (; IsDigit(Peek()); ++count, text_.remove_prefix(1)) {
      if (count < 9) value = value * 10 + (Peek() - '0');
    }
    if (count == 0) return std::nullopt;
    for (; count < 9; ++count)
      value *= 10;
    return value;
  }
  std::string Word() {
    std::string word;
    while (!empty() && (ToLower(Peek()) >= 'a' && ToLower(Peek()) <= 'z')) {
      word += ToLower(Peek());
      text_.remove_prefix(1);
    }
    // "µs", the letter in UTF-8.
    if (word.empty() && text_.starts_with("\xC2\xB5s")) {
      text_.remove_prefix(3);
      word = "us";
    }
    return word;
  }

 private:
  std::string_view text_;
};

// hh:mm[:ss[.fff]], after hh has been read; seconds may be missing.
std::optional<int64_t> TimeOfDay(int64_t hours, Scanner& scanner) {
  const auto minutes = scanner.Digits(2, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  int64_t ns = hours * kNsPerHour + *minutes * kNsPerMinute;
  if (scanner.Take(':')) {
    const auto seconds = scanner.Digits(2, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    ns += *seconds * kNsPerSecond;
    if (scanner.Take('.')) {
      const auto fraction = scanner.FractionNs();
      if (!fraction) return std::nullopt;
      ns += *fraction;
    }
  }
  return ns;
}

// An offset from UTC in ns, or 0 where there is none.
std::optional<int64_t> UtcOffset(Scanner& scanner) {
  scanner.SkipBlanks();
  if (scanner.empty() || scanner.Take('Z') || scanner.Take('z')) return 0;
  if (scanner.Peek() == 'U' || scanner.Peek() == 'u') {
    return scanner.Word() == "utc" ? std::optional<int64_t>(0) : std::nullopt;
  }
  const bool is_negative = scanner.Peek() == '-';
  if (!scanner.Take('-') && !scanner.Take('+')) return std::nullopt;
  const auto hours = scanner.Digits(2, 2);
  if (!hours || *hours > 18) return std::nullopt;
  int64_t minutes = 0;
  if (scanner.Take(':') || IsDigit(scanner.Peek())) {
    const auto read = scanner.Digits(2, 2);
    if (!read || *read > 59) return std::nullopt;
    minutes = *read;
  }
  const int64_t ns = *hours * kNsPerHour + minutes * kNsPerMinute;
  return is_negative ? -ns : ns;
}

int32_t DaysInMonth(int64_t year, int32_t month) {
  constexpr std::array<int32_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && is_leap ? 1 : 0);
}

Status BadTimestamp(std::string_view text) {
  return InvalidArgument(
      "'{}' is not a timestamp; write 2016-01-31, 2016-01-31T12:00:00Z or 2016-01-31 "
      "12:00:00.5+02:00",
      text);
}

struct Unit {
  std::string_view name;
  int64_t ns;  // 0: of no fixed length.
};

constexpr Unit kUnits[] = {
    {"ns", 1},
    {"nanosecond", 1},
    {"nanoseconds", 1},
    {"us", kNsPerUs},
    {"microsecond", kNsPerUs},
    {"microseconds", kNsPerUs},
    {"ms", kNsPerMs},
    {"millisecond", kNsPerMs},
    {"milliseconds", kNsPerMs},
    {"s", kNsPerSecond},
    {"sec", kNsPerSecond},
    {"secs", kNsPerSecond},
    {"second", kNsPerSecond},
    {"seconds", kNsPerSecond},
    {"m", kNsPerMinute},
    {"min", kNsPerMinute},
    {"mins", kNsPerMinute},
    {"minute", kNsPerMinute},
    {"minutes", kNsPerMinute},
    {"h", kNsPerHour},
    {"hr", kNsPerHour},
    {"hrs", kNsPerHour},
    {"hour", kNsPerHour},
    {"hours", kNsPerHour},
    {"d", kNsPerDay},
    {"day", kNsPerDay},
    {"days", kNsPerDay},
    {"w", 7 * kNsPerDay},
    {"week", 7 * kNsPerDay},
    {"weeks", 7 * kNsPerDay},
    {"mo", 0},
    {"mon", 0},
    {"mons", 0},
    {"month", 0},
    {"months", 0},
    {"y", 0},
    {"yr", 0},
    {"year", 0},
    {"years", 0},
};

Status BadInterval(std::string_view text) {
  return InvalidArgument(
      "'{}' is not an interval; write '90 seconds', '1 hour 30 minutes' or '1h30m'", text);
}

}  // namespace

// Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil and
// civil_from_days: years begin in March, eras have 400 years.
int64_t DaysOfCivil(int64_t year, int32_t month, int32_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilTime CivilOf(int64_t ns) {
  int64_t days = ns / kNsPerDay;
  CivilTime civil;
  civil.ns_of_day = ns % kNsPerDay;
  if (civil.ns_of_day < 0) {
    civil.ns_of_day += kNsPerDay;
    --days;
  }
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  civil.day = static_cast<int32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int32_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

char* FormatTimestamp(int64_t ns, char* out) {
  const CivilTime civil = CivilOf(ns);
  const auto ns_of_day = static_cast<uint64_t>(civil.ns_of_day);
  const uint64_t seconds = ns_of_day / kNsPerSecond;
  out = WriteDigits(static_cast<uint64_t>(civil.year), 4, out);
  *out++ = '-';
  out = WriteDigits(static_cast<uint64_t>(civil.month), 2, out);
  *out++ = '-';
  out = WriteDigits(static_cast<uint64_t>(civil.day), 2, out);
  *out++ = 'T';
  out = WriteDigits(seconds / 3600, 2, out);
  *out++ = ':';
  out = WriteDigits(seconds / 60 % 60, 2, out);
  *out++ = ':';
  out = WriteDigits(seconds % 60, 2, out);
  *out++ = '.';
  out = WriteDigits(ns_of_day % kNsPerSecond, 9, out);
  *out++ = 'Z';
  return out;
}

std::string FormatTimestamp(int64_t ns) {
  std::string text(kTimestampChars, '\0');
  FormatTimestamp(ns, text.data());
  return text;
}

std::string FormatInterval(int64_t ns) {
  const bool is_negative = ns < 0;
  uint64_t rest = is_negative ? uint64_t{0} - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::string text = is_negative ? "-" : "";
  constexpr uint64_t kDay = kNsPerDay;
  if (rest >= kDay) text += fmt::format("{}d ", rest / kDay);
  rest %= kDay;
  const uint64_t seconds = rest / kNsPerSecond;
  text += fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (uint64_t fraction = rest % kNsPerSecond; fraction != 0) {
    std::string digits = fmt::format("{:09}", fraction);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text;
}

Result<int64_t> ParseTimestamp(std::string_view text) {
  Scanner scanner(text);
  scanner.SkipBlanks();
  const auto year = scanner.Digits(4, 4);
  if (!year || !scanner.Take('-')) return BadTimestamp(text);
  const auto month = scanner.Digits(1, 2);
  if (!month || *month < 1 || *month > 12 || !scanner.Take('-')) return BadTimestamp(text);
  const auto day = scanner.Digits(1, 2);
  const auto month_number = static_cast<int32_t>(*month);
  if (!day || *day < 1 || *day > DaysInMonth(*year, month_number)) return BadTimestamp(text);
  Int128 ns = Int128{DaysOfCivil(*year, month_number, static_cast<int32_t>(*day))} * kNsPerDay;
  const bool has_t = scanner.Take('T') || scanner.Take('t');
  if (!has_t) scanner.SkipBlanks();
  if (has_t || IsDigit(scanner.Peek())) {
    const auto hours = scanner.Digits(1, 2);
    if (!hours || *hours > 23 || !scanner.Take(':')) return BadTimestamp(text);
    const auto time_of_day = TimeOfDay(*hours, scanner);
    if (!time_of_day) return BadTimestamp(text);
    const auto offset = UtcOffset(scanner);
    if (!offset) return BadTimestamp(text);
    ns += *time_of_day - *offset;
  } else {
    const auto offset = UtcOffset(scanner);
    if (!offset) return BadTimestamp(text);
    ns -= *offset;
  }
  scanner.SkipBlanks();
  if (!scanner.empty()) return BadTimestamp(text);
  if (ns > std::numeric_limits<int64_t>::max() || ns < std::numeric_limits<int64_t>::min()) {
    return OutOfRange("timestamp '{}' is outside 1677-09-21 to 2262-04-11", text);
  }
  return static_cast<int64_t>(ns);
}

Result<int64_t> ParseInterval(std::string_view text) {
  Scanner scanner(text);
  Int128 total = 0;
  bool is_empty = true;
  for (scanner.SkipBlanks(); !scanner.empty(); scanner.SkipBlanks(), is_empty = false) {
    const bool is_negative = scanner.Take('-');
    if (!is_negative) scanner.Take('+');
    const auto number = scanner.Digits(1, 18);
    if (!number) return BadInterval(text);
    if (scanner.Take(':')) {
      if (*number > 1'000'000) return BadInterval(text);
      const auto ns = TimeOfDay(*number, scanner);
      if (!ns) return BadInterval(text);
      total += is_negative ? -*ns : *ns;
      continue;
    }
    int64_t fraction = 0;
    if (scanner.Take('.')) {
      const auto read = scanner.FractionNs();
      if (!read) return BadInterval(text);
      fraction = *read;
    }
    scanner.SkipBlanks();
    const std::string word = scanner.Word();
    const Unit* unit = nullptr;
    for (const auto& candidate : kUnits) {
      if (candidate.name == word) unit = &candidate;
    }
    if (unit == nullptr) return BadInterval(text);
    if (unit->ns == 0) {
      return InvalidArgument("interval '{}': months and years have no fixed length; use days",
                             text);
    }
    const Int128 ns =
        Int128{*number} * unit->ns + Int128{fraction} * unit->ns / Int128{kNsPerSecond};
    total += is_negative ? -ns : ns;
  }
  if (is_empty) return BadInterval(text);
  if (total > std::numeric_limits<int64_t>::max() || total < std::numeric_limits<int64_t>::min()) {
    return OutOfRange("interval '{}' does not fit 64 bits of nanoseconds (292 years)", text);
  }
  return static_cast<int64_t>(total);
}

std::string FormatDouble(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end};
}

}  // namespace stria::query
