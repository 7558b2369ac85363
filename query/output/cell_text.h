// Values as text, fast: what most of the time of a large answer goes into.

#pragma once

#include <cstddef>
#include <cstdint>

#include "query/output/output_format.h"

namespace stria::query {

/// No number or time is longer.
inline constexpr size_t kMaxNumberChars = 40;

// Each writes at `out`, which has kMaxNumberChars, and returns the end.

char* WriteInt64(int64_t value, char* out);
char* WriteUint64(uint64_t value, char* out);

/// The shortest digits that read back as `value`, without an exponent where that is readable:
/// 1000000, 0.25, 1e+22. "NaN", "Infinity", "-Infinity".
char* WriteDouble(double value, char* out);

/// Writes times. Neighbours in a column mostly share the day, which is remembered.
///
/// Thread safety: confined.
class TimeWriter {
 public:
  explicit TimeWriter(TimeForm form) : form_(form) {}

  bool is_text() const { return form_ == TimeForm::kText; }

  /// 2016-01-01T00:00:00.000000000Z, or a whole number.
  char* Write(int64_t ns, char* out);

 private:
  TimeForm form_;
  int64_t day_ = INT64_MIN;  // The day that `date_` spells.
  char date_[11] = {};       // 2016-01-01T
};

}  // namespace stria::query
