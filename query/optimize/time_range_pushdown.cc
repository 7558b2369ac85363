#include "query/optimize/time_range_pushdown.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "query/expr/time_bucket.h"
#include "query/optimize/conditions.h"

namespace stria::query {
namespace {

constexpr int64_t kMinTime = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxTime = std::numeric_limits<int64_t>::max();
constexpr TimeRange kNoTime{.begin = 0, .end = 0};

// The range of the times that satisfy `time op bound`; nullopt when it is no half-open range. The
// greatest time cannot be told from "no bound", and stays with the filter.
std::optional<TimeRange> RangeOf(ExprOp op, int64_t bound) {
  if (bound == kMaxTime) return std::nullopt;
  switch (op) {
    case ExprOp::kEq: return TimeRange{.begin = bound, .end = bound + 1};
    case ExprOp::kLt:
      return bound == kMinTime ? kNoTime : TimeRange{.begin = kMinTime, .end = bound};
    case ExprOp::kLe: return TimeRange{.begin = kMinTime, .end = bound + 1};
    case ExprOp::kGt: return TimeRange{.begin = bound + 1, .end = kMaxTime};
    case ExprOp::kGe: return TimeRange{.begin = bound, .end = kMaxTime};
    default: return std::nullopt;
  }
}

// The range of the times whose bucket satisfies `bucket op bound`.
std::optional<TimeRange> RangeOfBucket(ExprOp op, int64_t bound, const TimeBucket& bucket) {
  const int64_t begin = bucket.BeginOf(bucket.IndexOf(bound));  // Of the bucket with `bound`.
  int64_t end = 0;
  if (begin == kMinTime || __builtin_add_overflow(begin, bucket.width_ns, &end) || end == kMaxTime)
    return std::nullopt;
  const bool is_aligned = begin == bound;
  const int64_t next = is_aligned ? begin : end;  // The first bucket that is >= bound.
  switch (op) {
    case ExprOp::kEq: return is_aligned ? TimeRange{.begin = begin, .end = end} : kNoTime;
    case ExprOp::kLt: return TimeRange{.begin = kMinTime, .end = next};
    case ExprOp::kLe: return TimeRange{.begin = kMinTime, .end = end};
    case ExprOp::kGt: return TimeRange{.begin = end, .end = kMaxTime};
    case ExprOp::kGe: return TimeRange{.begin = next, .end = kMaxTime};
    default: return std::nullopt;
  }
}

bool IsTime(const Expr& expr, const PlanNode& scan) {
  return expr.kind == ExprKind::kColumn && scan.columns[expr.column].role == ColumnRole::kTime;
}

// The range from the least to the greatest time of an IN list.
std::optional<TimeRange> HullOf(const Expr& in) {
  std::optional<TimeRange> hull;
  for (size_t i = 1; i < in.args.size(); ++i) {
    const Value& value = in.args[i]->literal;
    if (value.is_null()) continue;
    const auto range = RangeOf(ExprOp::kEq, value.int64());
    if (!range) return std::nullopt;
    if (!hull) hull = range;
    hull = TimeRange{.begin = std::min(hull->begin, range->begin),
                     .end = std::max(hull->end, range->end)};
  }
  return hull;
}

// The range of a comparison of the time, or of a bucket of it, with a literal.
std::optional<TimeRange> RangeOf(const Expr& condition, const PlanNode& scan) {
  if (condition.kind != ExprKind::kCompare) return std::nullopt;
  const bool is_mirrored = condition.args[0]->kind == ExprKind::kLiteral;
  const Expr& side = *condition.args[is_mirrored ? 1 : 0];
  const Expr& literal = *condition.args[is_mirrored ? 0 : 1];
  const ExprOp op = is_mirrored ? Mirrored(condition.op) : condition.op;
  if (literal.kind != ExprKind::kLiteral || literal.type != DataType::kTimestamp)
    return std::nullopt;
  if (IsTime(side, scan)) return RangeOf(op, literal.literal.int64());
  if (side.kind != ExprKind::kCall || side.args.size() < 2 || !IsTime(*side.args[1], scan))
    return std::nullopt;
  const auto bucket = MatchTimeBucket(side, side.args[1]->column);
  return bucket ? RangeOfBucket(op, literal.literal.int64(), *bucket) : std::nullopt;
}

bool Take(const Expr& condition, PlanNode& scan) {
  TimeRange& time = scan.request.time;
  if (IsNeverTrue(condition)) {
    time = kNoTime;
    return true;
  }
  if (condition.kind == ExprKind::kIsNull && IsTime(*condition.args[0], scan)) {
    time = kNoTime;  // Every row has a time.
    return true;
  }
  if (condition.kind == ExprKind::kNot && condition.args[0]->kind == ExprKind::kIsNull) {
    return IsTime(*condition.args[0]->args[0], scan);
  }
  if (condition.kind == ExprKind::kIn && IsTime(*condition.args[0], scan)) {
    if (const auto hull = HullOf(condition)) time = time.Intersect(*hull);
    return false;
  }
  const auto range = RangeOf(condition, scan);
  if (!range) return false;
  time = time.Intersect(*range);
  return true;
}

}  // namespace

void PushTimeRanges(PlanPtr& plan) {
  TakeConditions(plan, Take);
}

}  // namespace stria::query
