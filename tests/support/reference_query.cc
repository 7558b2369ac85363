#include "tests/support/reference_query.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "query/expr/cast.h"
#include "storage/base/check.h"
#include "storage/base/int128.h"
#include "tests/support/reference_aggregate.h"
#include "tests/support/reference_window.h"

namespace stria::query {
namespace {

// The plan has something that the reference does not know.
[[noreturn]] void StopAtUnknown() {
  std::fputs("a plan that the reference cannot run\n", stderr);
  std::abort();
}

// -1, 0 or 1; neither is NULL. NaN is the greatest number and equals itself.
int Order(const Value& a, const Value& b) {
  const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  switch (a.type) {
    case DataType::kFloat64: {
      const bool a_nan = std::isnan(a.float64());
      const bool b_nan = std::isnan(b.float64());
      if (a_nan || b_nan) return (a_nan ? 1 : 0) - (b_nan ? 1 : 0);
      return order(a.float64(), b.float64());
    }
    case DataType::kUint64: return order(a.uint64(), b.uint64());
    case DataType::kBool: return order(a.boolean() ? 1 : 0, b.boolean() ? 1 : 0);
    case DataType::kString: return order(a.string(), b.string());
    case DataType::kInt64:
    case DataType::kTimestamp:
    case DataType::kInterval: return order(a.int64(), b.int64());
    case DataType::kNull: break;
  }
  return 0;
}

Value Truth(bool value) {
  return Value::Bool(value);
}

Value CompareValue(ExprOp op, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return Value::Null(DataType::kBool);
  const int order = Order(a, b);
  switch (op) {
    case ExprOp::kEq: return Truth(order == 0);
    case ExprOp::kNe: return Truth(order != 0);
    case ExprOp::kLt: return Truth(order < 0);
    case ExprOp::kLe: return Truth(order <= 0);
    case ExprOp::kGt: return Truth(order > 0);
    case ExprOp::kGe: return Truth(order >= 0);
    default: break;
  }
  StopAtUnknown();
}

template <typename T>
T Apply(ExprOp op, T a, T b) {
  STRIA_CHECK(op == ExprOp::kAdd || op == ExprOp::kSubtract || op == ExprOp::kMultiply);
  return op == ExprOp::kAdd ? a + b : op == ExprOp::kSubtract ? a - b : a * b;
}

Value ArithValue(ExprOp op, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return Value::Null(a.type);
  switch (a.type) {
    case DataType::kFloat64: return Value::Float64(Apply(op, a.float64(), b.float64()));
    case DataType::kInt64: return Value::Int64(Apply(op, a.int64(), b.int64()));
    case DataType::kUint64: return Value::Uint64(Apply(op, a.uint64(), b.uint64()));
    default: break;
  }
  StopAtUnknown();
}

// AND and OR: `decisive` decides, else NULL makes NULL.
Value CombineValues(const Expr& expr, const ReferenceRow& row, bool decisive) {
  bool has_null = false;
  for (const auto& arg : expr.args) {
    const Value value = ReferenceValue(*arg, row);
    if (value.is_null()) {
      has_null = true;
    } else if (value.boolean() == decisive) {
      return Truth(decisive);
    }
  }
  return has_null ? Value::Null(DataType::kBool) : Truth(!decisive);
}

// The multiple of the width, counted from the origin, at or before the time: counted in 128 bits.
Value BucketValue(const Expr& expr, const ReferenceRow& row) {
  STRIA_CHECK(expr.text.starts_with("time_bucket"));
  const Value time = ReferenceValue(*expr.args[1], row);
  if (time.is_null()) return Value::Null(DataType::kTimestamp);
  const Int128 width = expr.args[0]->literal.int64();
  const Int128 origin = expr.args.size() > 2 ? Int128{expr.args[2]->literal.int64()} : Int128{0};
  const Int128 distance = Int128{time.int64()} - origin;
  Int128 index = distance / width;
  if (index * width > distance) --index;
  const Int128 begin = index * width + origin;
  const Int128 least = std::numeric_limits<int64_t>::min();
  return Value::Timestamp(static_cast<int64_t>(std::max(begin, least)));
}

using Rows = std::vector<ReferenceRow>;

bool TagHolds(const storage::TagPredicate& predicate, const Value& tag) {
  using storage::TagOp;
  if (predicate.op == TagOp::kIsNull) return tag.is_null();
  if (tag.is_null()) return false;
  const bool is_listed =
      std::ranges::find(predicate.values, tag.string()) != predicate.values.end();
  switch (predicate.op) {
    case TagOp::kIn: return is_listed;
    case TagOp::kNotIn: return !is_listed;
    case TagOp::kIsNotNull: return true;
    default: break;
  }
  StopAtUnknown();
}

size_t PositionOf(const ReferenceTable& table, std::string_view name) {
  const auto found = std::ranges::find(table.columns, name, &ColumnSchema::name);
  STRIA_CHECK(found != table.columns.end());
  return static_cast<size_t>(found - table.columns.begin());
}

// Only the row with the greatest time of each set of tags.
Rows LastRows(const ReferenceTable& table, const Rows& rows) {
  const size_t time = PositionOf(table, kTimeColumnName);
  std::map<std::string, ReferenceRow> last_of;
  for (const auto& row : rows) {
    ReferenceRow tags;
    for (size_t i = 0; i < row.size(); ++i) {
      if (table.columns[i].role == ColumnRole::kTag) tags.push_back(row[i]);
    }
    auto [found, added] = last_of.emplace(RowText(tags), row);
    if (!added && Order(found->second[time], row[time]) < 0) found->second = row;
  }
  Rows last;
  for (auto& [tags, row] : last_of)
    last.push_back(std::move(row));
  return last;
}

Rows ScanRows(const PlanNode& node, const ReferenceTable& table) {
  const size_t time = PositionOf(table, kTimeColumnName);
  Rows matching;
  for (const auto& row : table.rows) {
    bool holds = node.request.time.Contains(row[time].int64());
    for (const auto& predicate : node.request.tags)
      holds = holds && TagHolds(predicate, row[PositionOf(table, predicate.tag)]);
    if (holds) matching.push_back(row);
  }
  if (node.request.last_row_only) matching = LastRows(table, matching);
  Rows rows;
  for (const auto& row : matching) {
    auto& out = rows.emplace_back();
    for (const auto& column : node.columns)
      out.push_back(row[PositionOf(table, column.name)]);
  }
  return rows;
}

bool SameKeys(const ReferenceRow& a, const ReferenceRow& b) {
  return std::ranges::equal(a, b, [](const Value& x, const Value& y) {
    return x.is_null() || y.is_null() ? x.is_null() == y.is_null() : Order(x, y) == 0;
  });
}

Rows AggregateRows(const PlanNode& node, const Rows& input) {
  std::vector<std::pair<ReferenceRow, Rows>> groups;
  if (node.exprs.empty()) groups.emplace_back();
  for (const auto& row : input) {
    ReferenceRow keys;
    for (const auto& expr : node.exprs)
      keys.push_back(ReferenceValue(*expr, row));
    auto group = std::ranges::find_if(
        groups, [&](const auto& candidate) { return SameKeys(candidate.first, keys); });
    if (group == groups.end()) group = groups.insert(groups.end(), {keys, {}});
    group->second.push_back(row);
  }
  Rows rows;
  for (const auto& [keys, members] : groups) {
    auto& out = rows.emplace_back(keys);
    for (const auto& call : node.aggregates)
      out.push_back(ReferenceAggregate(call, members));
  }
  return rows;
}

Rows SortedRows(const PlanNode& node, Rows rows) {
  std::ranges::stable_sort(rows, [&](const ReferenceRow& a, const ReferenceRow& b) {
    return ReferenceOrder(node.sort_keys, a, b) < 0;
  });
  if (node.top && rows.size() > *node.top) rows.resize(*node.top);
  return rows;
}

Rows DistinctRows(const PlanNode& node, Rows input) {
  Rows rows;
  Rows seen;
  for (const auto& row : SortedRows(node, std::move(input))) {
    ReferenceRow keys;
    for (const auto& expr : node.exprs)
      keys.push_back(ReferenceValue(*expr, row));
    const bool is_new = std::ranges::none_of(
        seen, [&](const ReferenceRow& other) { return SameKeys(other, keys); });
    if (!is_new) continue;
    seen.push_back(keys);
    rows.push_back(row);
  }
  return rows;
}

Rows LimitedRows(const PlanNode& node, const Rows& input) {
  Rows rows;
  for (size_t i = node.offset; i < input.size(); ++i) {
    if (node.limit && rows.size() == *node.limit) break;
    rows.push_back(input[i]);
  }
  return rows;
}

}  // namespace

Value ReferenceValue(const Expr& expr, const ReferenceRow& row) {
  const auto arg = [&](size_t i) { return ReferenceValue(*expr.args[i], row); };
  switch (expr.kind) {
    case ExprKind::kColumn: return row[expr.column];
    case ExprKind::kLiteral: return expr.literal;
    case ExprKind::kCompare: return CompareValue(expr.op, arg(0), arg(1));
    case ExprKind::kArith: return ArithValue(expr.op, arg(0), arg(1));
    case ExprKind::kAnd: return CombineValues(expr, row, false);
    case ExprKind::kOr: return CombineValues(expr, row, true);
    case ExprKind::kNot: {
      const Value value = arg(0);
      return value.is_null() ? value : Truth(!value.boolean());
    }
    case ExprKind::kIsNull: return Truth(arg(0).is_null());
    case ExprKind::kCall: return BucketValue(expr, row);
    case ExprKind::kIn:
    case ExprKind::kLike:
    case ExprKind::kRegex:
    case ExprKind::kCast:
    case ExprKind::kCase: break;
  }
  StopAtUnknown();
}

int ReferenceOrderOf(const Value& a, const Value& b) {
  return Order(a, b);
}

bool SameReferenceKeys(const ReferenceRow& a, const ReferenceRow& b) {
  return SameKeys(a, b);
}

std::vector<ReferenceRow> ReferenceRows(const PlanNode& plan, const ReferenceTable& table) {
  if (plan.kind == PlanKind::kScan) return ScanRows(plan, table);
  if (plan.kind == PlanKind::kOneRow) return {{}};
  Rows input = ReferenceRows(*plan.input, table);
  switch (plan.kind) {
    case PlanKind::kFilter:
      std::erase_if(input, [&](const ReferenceRow& row) {
        const Value value = ReferenceValue(*plan.predicate, row);
        return value.is_null() || !value.boolean();
      });
      return input;
    case PlanKind::kProject:
      for (auto& row : input) {
        ReferenceRow out;
        for (const auto& expr : plan.exprs)
          out.push_back(ReferenceValue(*expr, row));
        row = std::move(out);
      }
      return input;
    case PlanKind::kAggregate: return AggregateRows(plan, input);
    case PlanKind::kSort: return SortedRows(plan, std::move(input));
    case PlanKind::kLimit: return LimitedRows(plan, input);
    case PlanKind::kDistinctOn: return DistinctRows(plan, std::move(input));
    case PlanKind::kWindow: return ReferenceWindow(plan, input);
    case PlanKind::kScan:
    case PlanKind::kVirtualScan:
    case PlanKind::kOneRow: break;
  }
  StopAtUnknown();
}

int ReferenceOrder(const std::vector<SortKey>& keys, const ReferenceRow& a, const ReferenceRow& b) {
  for (const auto& key : keys) {
    const Value left = ReferenceValue(*key.expr, a);
    const Value right = ReferenceValue(*key.expr, b);
    if (left.is_null() && right.is_null()) continue;
    if (left.is_null()) return key.nulls_first ? -1 : 1;
    if (right.is_null()) return key.nulls_first ? 1 : -1;
    const int order = Order(left, right);
    if (order != 0) return key.descending ? -order : order;
  }
  return 0;
}

bool SameValue(const Value& a, const Value& b, double tolerance) {
  if (a.is_null() || b.is_null()) return a.is_null() == b.is_null();
  if (a.type != b.type) return false;
  if (a.type != DataType::kFloat64) return a == b;
  const double x = a.float64();
  const double y = b.float64();
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) == std::isnan(y);
  if (x == y) return true;
  return std::abs(x - y) <= tolerance * std::max(std::abs(x), std::abs(y));
}

std::string RowText(const ReferenceRow& row) {
  std::string text;
  for (const auto& value : row)
    text += (text.empty() ? "" : ", ") + (value.is_null() ? "NULL" : FormatValue(value));
  return "(" + text + ")";
}

}  // namespace stria::query
