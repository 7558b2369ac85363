// time_bucket, date_trunc, extract, to_timestamp, epoch_ns.

#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <string_view>

#include "query/expr/functions/families.h"
#include "query/expr/functions/row_loop.h"
#include "query/expr/time_bucket.h"
#include "query/expr/time_text.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

using enum DataType;
using Args = std::span<const Column>;

// Monday, 1970-01-05: weeks of date_trunc begin there, as in ISO 8601.
constexpr int64_t kFirstMonday = 4 * kNsPerDay;
constexpr int64_t kNsPerHour = 3600 * kNsPerSecond;

enum class Unit : uint8_t {
  kNanosecond,
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kEpoch,
  kDayOfWeek,
  kDayOfYear,
};

struct UnitName {
  std::string_view name;
  Unit unit;
};

constexpr UnitName kUnitNames[] = {
    {"nanosecond", Unit::kNanosecond},
    {"nanoseconds", Unit::kNanosecond},
    {"microsecond", Unit::kMicrosecond},
    {"microseconds", Unit::kMicrosecond},
    {"millisecond", Unit::kMillisecond},
    {"milliseconds", Unit::kMillisecond},
    {"second", Unit::kSecond},
    {"minute", Unit::kMinute},
    {"hour", Unit::kHour},
    {"day", Unit::kDay},
    {"week", Unit::kWeek},
    {"month", Unit::kMonth},
    {"quarter", Unit::kQuarter},
    {"year", Unit::kYear},
    {"epoch", Unit::kEpoch},
    {"dow", Unit::kDayOfWeek},
    {"doy", Unit::kDayOfYear},
};

std::optional<Unit> ParseUnit(std::string_view text) {
  std::string word(text);
  for (char& c : word)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const auto& [name, unit] : kUnitNames) {
    if (name == word) return unit;
  }
  return std::nullopt;
}

// The bucket of a unit of fixed length.
std::optional<TimeBucket> BucketOf(Unit unit) {
  switch (unit) {
    case Unit::kNanosecond: return TimeBucket{1, 0};
    case Unit::kMicrosecond: return TimeBucket{kNsPerUs, 0};
    case Unit::kMillisecond: return TimeBucket{kNsPerMs, 0};
    case Unit::kSecond: return TimeBucket{kNsPerSecond, 0};
    case Unit::kMinute: return TimeBucket{60 * kNsPerSecond, 0};
    case Unit::kHour: return TimeBucket{kNsPerHour, 0};
    case Unit::kDay: return TimeBucket{kNsPerDay, 0};
    case Unit::kWeek: return MakeTimeBucket(7 * kNsPerDay, kFirstMonday);
    case Unit::kMonth:
    case Unit::kQuarter:
    case Unit::kYear:
    case Unit::kEpoch:
    case Unit::kDayOfWeek:
    case Unit::kDayOfYear: break;
  }
  return std::nullopt;
}

Status TimeBucketOf(Args args, uint32_t num_rows, Column& result) {
  const PlainView width(args[0], num_rows);
  const PlainView time(args[1], num_rows);
  const PlainView origin(args.size() > 2 ? args[2] : args[1], num_rows);
  const PlainView* const views[] = {&width, &time, &origin};
  TimeBucket bucket;
  int64_t last_width = 0;
  int64_t last_origin = 0;
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto width_ns = static_cast<int64_t>(width.Word(row));
    const auto origin_ns = args.size() > 2 ? static_cast<int64_t>(origin.Word(row)) : 0;
    if (width_ns <= 0) {
      return InvalidArgument("time_bucket: the width {} is not positive", FormatInterval(width_ns));
    }
    if (width_ns != last_width || origin_ns != last_origin) {
      bucket = MakeTimeBucket(width_ns, origin_ns);
      last_width = width_ns;
      last_origin = origin_ns;
    }
    const auto ns = static_cast<int64_t>(time.Word(row));
    result.bits[row] = static_cast<uint64_t>(bucket.BeginOf(bucket.IndexOf(ns)));
    return Status::Ok();
  });
}

Result<int64_t> TruncateToMonths(Unit unit, int64_t ns) {
  const CivilTime civil = CivilOf(ns);
  int32_t month = 1;
  if (unit == Unit::kMonth) month = civil.month;
  if (unit == Unit::kQuarter) month = (civil.month - 1) / 3 * 3 + 1;
  int64_t result = 0;
  if (__builtin_mul_overflow(DaysOfCivil(civil.year, month, 1), kNsPerDay, &result)) {
    return OutOfRange("date_trunc: the beginning of year {} is before 1677-09-21", civil.year);
  }
  return result;
}

Status DateTrunc(Args args, uint32_t num_rows, Column& result) {
  const PlainView unit_text(args[0], num_rows);
  const PlainView time(args[1], num_rows);
  const PlainView* const views[] = {&unit_text, &time};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto unit = ParseUnit(unit_text.String(row));
    const auto ns = static_cast<int64_t>(time.Word(row));
    if (unit && *unit < Unit::kEpoch) {
      if (const auto bucket = BucketOf(*unit)) {
        result.bits[row] = static_cast<uint64_t>(bucket->BeginOf(bucket->IndexOf(ns)));
        return Status::Ok();
      }
      STRIA_ASSIGN_OR_RETURN(const int64_t begin, TruncateToMonths(*unit, ns));
      result.bits[row] = static_cast<uint64_t>(begin);
      return Status::Ok();
    }
    return InvalidArgument(
        "date_trunc: no unit '{}'; there are microseconds, milliseconds, second, minute, hour, "
        "day, week, month, quarter and year",
        unit_text.String(row));
  });
}

double ExtractPart(Unit unit, int64_t ns) {
  const CivilTime civil = CivilOf(ns);
  const auto seconds_of_minute = static_cast<double>(civil.ns_of_day % (60 * kNsPerSecond)) / 1e9;
  const int64_t days = DaysOfCivil(civil.year, civil.month, civil.day);
  switch (unit) {
    // As in PostgreSQL, the small units include the seconds.
    case Unit::kNanosecond: return static_cast<double>(civil.ns_of_day % (60 * kNsPerSecond));
    case Unit::kMicrosecond: return seconds_of_minute * 1e6;
    case Unit::kMillisecond: return seconds_of_minute * 1e3;
    case Unit::kSecond: return seconds_of_minute;
    case Unit::kMinute: return static_cast<double>(civil.ns_of_day / (60 * kNsPerSecond) % 60);
    case Unit::kHour: return static_cast<double>(civil.ns_of_day / kNsPerHour);
    case Unit::kDay: return civil.day;
    case Unit::kWeek: {
      // ISO 8601: the week of the year that the Thursday of this week lies in.
      const int64_t thursday = FloorTo(days - 4, 7) + 4 + 3;
      const int64_t year = CivilOf(thursday * kNsPerDay).year;
      return static_cast<double>((thursday - DaysOfCivil(year, 1, 1)) / 7 + 1);
    }
    case Unit::kMonth: return civil.month;
    case Unit::kQuarter: return (civil.month - 1) / 3 + 1;
    case Unit::kYear: return static_cast<double>(civil.year);
    case Unit::kEpoch: return static_cast<double>(ns) / 1e9;
    case Unit::kDayOfWeek: return static_cast<double>(days + 4 - FloorTo(days + 4, 7));
    case Unit::kDayOfYear: return static_cast<double>(days - DaysOfCivil(civil.year, 1, 1) + 1);
  }
  return 0;
}

Status Extract(Args args, uint32_t num_rows, Column& result) {
  const PlainView unit_text(args[0], num_rows);
  const PlainView time(args[1], num_rows);
  const PlainView* const views[] = {&unit_text, &time};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto unit = ParseUnit(unit_text.String(row));
    if (!unit) {
      return InvalidArgument(
          "date_part: no part '{}'; there are epoch, year, quarter, month, week, day, dow, doy, "
          "hour, minute, second, milliseconds and microseconds",
          unit_text.String(row));
    }
    result.bits[row] =
        std::bit_cast<uint64_t>(ExtractPart(*unit, static_cast<int64_t>(time.Word(row))));
    return Status::Ok();
  });
}

Status ToTimestamp(Args args, uint32_t num_rows, Column& result) {
  const PlainView seconds(args[0], num_rows);
  const PlainView* const views[] = {&seconds};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto value = std::bit_cast<double>(seconds.Word(row));
    // Whole seconds and their fraction apart, so that both stay exact.
    const double whole = std::floor(value);
    if (!(whole >= -9223372036.0 && whole <= 9223372035.0)) {
      return OutOfRange("to_timestamp({}): outside 1677-09-21 to 2262-04-11", FormatDouble(value));
    }
    const auto fraction = static_cast<int64_t>(std::nearbyint((value - whole) * 1e9));
    result.bits[row] = static_cast<uint64_t>(static_cast<int64_t>(whole) * kNsPerSecond + fraction);
    return Status::Ok();
  });
}

Status SameBits(Args args, uint32_t num_rows, Column& result) {
  return ForEachWord(args, num_rows, result, [](uint64_t word) { return word; });
}

}  // namespace

std::optional<TimeBucket> MatchTimeBucket(const Expr& expr, uint32_t time_column) {
  if (expr.kind != ExprKind::kCall || expr.args.size() < 2) return std::nullopt;
  const Expr& time = *expr.args[1];
  const Expr& unit = *expr.args[0];
  if (time.kind != ExprKind::kColumn || time.column != time_column) return std::nullopt;
  if (unit.kind != ExprKind::kLiteral || unit.literal.is_null()) return std::nullopt;
  if (expr.function->impl == TimeBucketOf) {
    int64_t origin_ns = 0;
    if (expr.args.size() > 2) {
      const Expr& origin = *expr.args[2];
      if (origin.kind != ExprKind::kLiteral || origin.literal.is_null()) return std::nullopt;
      origin_ns = origin.literal.int64();
    }
    if (unit.literal.int64() <= 0) return std::nullopt;  // Fails when it is evaluated.
    return MakeTimeBucket(unit.literal.int64(), origin_ns);
  }
  if (expr.function->impl == DateTrunc) {
    const auto parsed = ParseUnit(unit.literal.string());
    return parsed ? BucketOf(*parsed) : std::nullopt;
  }
  return std::nullopt;
}

void AddTimeFunctions(std::vector<FunctionDef>& functions) {
  const auto add = [&](std::string name, std::vector<DataType> args, DataType result,
                       std::string doc, FunctionImpl impl) {
    functions.push_back({.name = std::move(name),
                         .args = std::move(args),
                         .variadic = false,
                         .result = result,
                         .doc = std::move(doc),
                         .impl = impl});
  };
  add("time_bucket", {kInterval, kTimestamp}, kTimestamp,
      "The beginning of the bucket of that width, counted from 1970-01-01, that holds the time.",
      TimeBucketOf);
  add("time_bucket", {kInterval, kTimestamp, kTimestamp}, kTimestamp,
      "The beginning of the bucket of that width, counted from an origin, that holds the time.",
      TimeBucketOf);
  add("date_trunc", {kString, kTimestamp}, kTimestamp,
      "The time cut down to microseconds, milliseconds, second, minute, hour, day, week, month, "
      "quarter or year, in UTC.",
      DateTrunc);
  for (const char* name : {"date_part", "extract"}) {
    add(name, {kString, kTimestamp}, kFloat64,
        "One part of a time in UTC: epoch, year, quarter, month, week, day, dow, doy, hour, "
        "minute, "
        "second, milliseconds or microseconds.",
        Extract);
  }
  add("to_timestamp", {kFloat64}, kTimestamp, "The time so many seconds after 1970-01-01 UTC.",
      ToTimestamp);
  add("epoch_ns", {kTimestamp}, kInt64, "Nanoseconds since 1970-01-01 UTC.", SameBits);
}

}  // namespace stria::query
