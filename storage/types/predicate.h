// The small predicates that a scan understands. Expressions stay in query/.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/types/ids.h"

namespace stria::storage {

/// In tombstones on disk: append, never renumber.
/// The numbers are those on disk.
enum class TagOp : uint8_t {
  kIn,
  kNotIn,
  kLike,
  kNotLike,
  kIsNull,
  kIsNotNull,
  kRange,
  kRegex,
  kNotRegex,
};

/// A condition on one tag, decided once per series. A series without the tag has NULL there: only
/// kIsNull is true for it.
struct TagPredicate {
  std::string tag;
  TagOp op = TagOp::kIn;
  /// kIn, kNotIn: any number; kLike, kNotLike: one pattern with % and _; kRegex, kNotRegex: one
  /// regular expression, which matches anywhere in the value (regex_pattern.h).
  std::vector<std::string> values;
  // kRange only: low <= value <= high in byte order, with the bounds exclusive if so said; an
  // absent bound is open.
  bool has_low = false, has_high = false, low_exclusive = false, high_exclusive = false;
  std::string low, high;

  friend bool operator==(const TagPredicate&, const TagPredicate&) = default;
};

enum class CompareOp : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe };

/// A condition on a numeric field, used to skip vectors by their zone map. It never drops rows by
/// itself: the filter above still looks at each row that is left.
struct FieldHint {
  ColumnId column;
  CompareOp op = CompareOp::kGt;
  double value = 0;
};

}  // namespace stria::storage
