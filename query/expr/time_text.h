// Timestamps, intervals and numbers as text, and back.
//
// Timestamps are RFC 3339 in UTC: 2016-01-01T00:00:00.000000000Z. Intervals are the PostgreSQL
// words that have a fixed length ('1 hour 30 minutes', '12:30:00') and the short forms of settings
// ('1h30m').

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace stria::query {

/// A day of the proleptic Gregorian calendar, and what is left of the day.
struct CivilTime {
  int64_t year = 1970;
  int32_t month = 1;  ///< 1..12
  int32_t day = 1;
  int64_t ns_of_day = 0;
};

CivilTime CivilOf(int64_t ns);

/// Days since 1970-01-01 of a calendar date; `month` and `day` are valid.
int64_t DaysOfCivil(int64_t year, int32_t month, int32_t day);

/// Bytes that FormatTimestamp() writes.
inline constexpr size_t kTimestampChars = 30;

/// Writes `ns` as 2016-01-01T00:00:00.000000000Z; returns the end.
char* FormatTimestamp(int64_t ns, char* out);
std::string FormatTimestamp(int64_t ns);

/// "1d 02:03:04.5", "00:01:00", "-00:00:01".
std::string FormatInterval(int64_t ns);

/// Reads a date, optionally with a time of day (after T or blanks), a fraction of up to nine digits
/// and an offset (Z, +02, +02:00). Fails with kInvalidArgument, or kOutOfRange for instants that do
/// not fit int64 ns (years 1677 to 2262).
Result<int64_t> ParseTimestamp(std::string_view text);

/// Reads an interval of fixed length: numbers with units, and hh:mm[:ss[.fff]]. Fails with
/// kInvalidArgument, also on months and years, whose length is not fixed, and with kOutOfRange.
Result<int64_t> ParseInterval(std::string_view text);

/// The shortest text that reads back as `value`; "NaN", "Infinity", "-Infinity".
std::string FormatDouble(double value);

}  // namespace stria::query
