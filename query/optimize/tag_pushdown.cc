#include "query/optimize/tag_pushdown.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "query/optimize/conditions.h"

namespace stria::query {
namespace {

using storage::TagOp;
using storage::TagPredicate;

// The name of the tag that `expr` is, or nullptr.
const std::string* TagOf(const Expr& expr, const PlanNode& scan) {
  if (expr.kind != ExprKind::kColumn) return nullptr;
  const ColumnSchema& column = scan.columns[expr.column];
  return column.role == ColumnRole::kTag ? &column.name : nullptr;
}

std::optional<TagPredicate> FromComparison(const Expr& condition, const PlanNode& scan) {
  const auto comparison = MatchComparison(condition);
  if (!comparison) return std::nullopt;
  const ColumnSchema& column = scan.columns[comparison->column];
  if (column.role != ColumnRole::kTag) return std::nullopt;
  const std::string& value = comparison->literal->string();
  TagPredicate tag;
  tag.tag = column.name;
  switch (comparison->op) {
    case ExprOp::kEq:
      tag.op = TagOp::kIn;
      tag.values = {value};
      return tag;
    case ExprOp::kNe:
      tag.op = TagOp::kNotIn;
      tag.values = {value};
      return tag;
    case ExprOp::kLt:
    case ExprOp::kLe:
      tag.op = TagOp::kRange;
      tag.has_high = true;
      tag.high_exclusive = comparison->op == ExprOp::kLt;
      tag.high = value;
      return tag;
    case ExprOp::kGt:
    case ExprOp::kGe:
      tag.op = TagOp::kRange;
      tag.has_low = true;
      tag.low_exclusive = comparison->op == ExprOp::kGt;
      tag.low = value;
      return tag;
    default: return std::nullopt;
  }
}

// A NULL in the list of IN changes nothing; in that of NOT IN it makes the whole never true, which
// is left to the filter.
std::optional<TagPredicate> FromIn(const Expr& in, bool negated, const PlanNode& scan) {
  const std::string* name = TagOf(*in.args[0], scan);
  if (name == nullptr) return std::nullopt;
  TagPredicate tag;
  tag.tag = *name;
  tag.op = negated ? TagOp::kNotIn : TagOp::kIn;
  for (size_t i = 1; i < in.args.size(); ++i) {
    const Value& value = in.args[i]->literal;
    if (!value.is_null()) {
      tag.values.push_back(value.string());
    } else if (negated) {
      return std::nullopt;
    }
  }
  return tag;
}

// LIKE or ~, with a literal pattern.
std::optional<TagPredicate> FromPattern(const Expr& match, TagOp op, const PlanNode& scan) {
  const std::string* name = TagOf(*match.args[0], scan);
  if (name == nullptr || match.args[1]->literal.is_null()) return std::nullopt;
  TagPredicate tag;
  tag.tag = *name;
  tag.op = op;
  tag.values = {match.args[1]->literal.string()};
  return tag;
}

std::optional<TagPredicate> FromIsNull(const Expr& is_null, bool negated, const PlanNode& scan) {
  const std::string* name = TagOf(*is_null.args[0], scan);
  if (name == nullptr) return std::nullopt;
  TagPredicate tag;
  tag.tag = *name;
  tag.op = negated ? TagOp::kIsNotNull : TagOp::kIsNull;
  return tag;
}

std::optional<TagPredicate> FromCondition(const Expr& condition, const PlanNode& scan);

// `hostname = 'a' OR hostname = 'b'` is an IN.
std::optional<TagPredicate> FromOr(const Expr& either, const PlanNode& scan) {
  std::optional<TagPredicate> all;
  for (const auto& arg : either.args) {
    auto one = FromCondition(*arg, scan);
    if (!one || one->op != TagOp::kIn || (all && one->tag != all->tag)) return std::nullopt;
    if (!all) {
      all = std::move(one);
    } else {
      std::ranges::move(one->values, std::back_inserter(all->values));
    }
  }
  return all;
}

std::optional<TagPredicate> FromCondition(const Expr& condition, const PlanNode& scan) {
  const bool negated = condition.kind == ExprKind::kNot;
  const Expr& inner = negated ? *condition.args[0] : condition;
  switch (inner.kind) {
    case ExprKind::kIn: return FromIn(inner, negated, scan);
    case ExprKind::kLike: return FromPattern(inner, negated ? TagOp::kNotLike : TagOp::kLike, scan);
    case ExprKind::kRegex:
      return FromPattern(inner, negated ? TagOp::kNotRegex : TagOp::kRegex, scan);
    case ExprKind::kIsNull: return FromIsNull(inner, negated, scan);
    case ExprKind::kCompare: return negated ? std::nullopt : FromComparison(inner, scan);
    case ExprKind::kOr: return negated ? std::nullopt : FromOr(inner, scan);
    default: return std::nullopt;
  }
}

bool Take(const Expr& condition, PlanNode& scan) {
  auto tag = FromCondition(condition, scan);
  if (!tag) return false;
  scan.request.tags.push_back(*std::move(tag));
  return true;
}

}  // namespace

void PushTags(PlanPtr& plan) {
  TakeConditions(plan, Take);
}

}  // namespace stria::query
