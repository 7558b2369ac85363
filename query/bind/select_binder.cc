#include "query/bind/select_binder.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "query/bind/expr_binder.h"
#include "query/bind/grouping.h"
#include "query/bind/type_coercion.h"
#include "query/bind/window_binder.h"

namespace stria::query {
namespace {

PlanPtr Above(PlanPtr input, PlanKind kind) {
  auto node = std::make_unique<PlanNode>();
  node->kind = kind;
  node->output = input->output;
  node->input = std::move(input);
  return node;
}

std::string NameOf(const AstSelectItem& item) {
  if (!item.alias.empty()) return item.alias;
  return item.expr->kind == AstKind::kColumn ? item.expr->names.back() : item.expr->text;
}

class SelectBinder {
 public:
  SelectBinder(const AstSelect& ast, const QueryPlace& place) : ast_(ast), place_(place) {}

  Bound<PlanPtr> Bind() {
    STRIA_BIND(PlanPtr plan, BindFrom());
    if (ast_.where != nullptr) {
      STRIA_BIND(ExprPtr condition, BindCondition(*ast_.where, Context("WHERE")));
      plan = Filter(std::move(plan), std::move(condition));
    }
    if (auto error = BindKeys()) return *std::move(error);
    windows_.emplace(ast_, grouping_ ? &*grouping_ : nullptr);
    if (auto error = windows_->CheckNamed(Context("WINDOW"))) return *std::move(error);
    if (auto error = BindItems()) return *std::move(error);
    if (ast_.having != nullptr) {
      const ExprContext context = Context("HAVING");
      STRIA_BIND(having_, BindCondition(*ast_.having, context));
      STRIA_BIND(having_, grouping_->Lift(having_, *ast_.having, context));
    }
    if (auto error = BindDistinctOn()) return *std::move(error);
    if (auto error = BindOrderBy()) return *std::move(error);
    plan = Assemble(std::move(plan));
    return AddLimit(std::move(plan));
  }

 private:
  struct Item {
    ExprPtr expr;
    std::string name;
  };

  Bound<PlanPtr> BindFrom() {
    std::vector<bool> is_read(ast_.ctes.size());
    PlanPtr plan = std::make_unique<PlanNode>();  // kOneRow.
    if (ast_.from) {
      const CteScope ctes{place_.ctes, &ast_, ast_.ctes.size(), &is_read};
      STRIA_BIND(BoundRelation relation,
                 BindRelation(*ast_.from, {place_.context, &ctes, place_.depth}));
      scope_ = std::move(relation.scope);
      plan = std::move(relation.plan);
    }
    // What nobody reads has to be right, too. The last first: it may read the others.
    for (size_t i = ast_.ctes.size(); i-- > 0;) {
      if (is_read[i]) continue;
      const CteScope before{place_.ctes, &ast_, i, &is_read};
      STRIA_BIND(const PlanPtr unread,
                 BindSelect(*ast_.ctes[i].second, {place_.context, &before, place_.depth + 1}));
    }
    return plan;
  }

  // Where expressions may use aggregates and the names of the select list.
  ExprContext Context(std::string_view clause) {
    ExprContext context{.scope = scope_,
                        .now_ns = place_.context.now_ns,
                        .clause = clause,
                        .aggregates = nullptr,
                        .aliases = nullptr,
                        .windows = nullptr};
    const bool is_above = clause != "WHERE" && clause != "GROUP BY";
    if (is_above && grouping_) context.aggregates = &aggregates_;
    if (is_above && clause != "HAVING" && windows_) context.windows = &*windows_;
    if (clause != "WHERE" && clause != "the select list") context.aliases = &ast_.items;
    return context;
  }

  static PlanPtr Filter(PlanPtr input, ExprPtr condition) {
    PlanPtr node = Above(std::move(input), PlanKind::kFilter);
    node->predicate = std::move(condition);
    return node;
  }

  bool IsGrouped() const {
    if (!ast_.group_by.empty() || ast_.having != nullptr) return true;
    const auto in_item = [](const AstSelectItem& item) {
      return item.expr != nullptr && HasAggregate(*item.expr);
    };
    const auto in_sort = [](const AstSortItem& item) { return HasAggregate(*item.expr); };
    const auto in_window = [&](const AstNamedWindow& window) {
      return std::ranges::any_of(window.second.order_by, in_sort);
    };
    return std::ranges::any_of(ast_.items, in_item) ||
           std::ranges::any_of(ast_.order_by, in_sort) ||
           std::ranges::any_of(ast_.windows, in_window);
  }

  static std::optional<QueryError> CheckCount(const std::vector<AstExprPtr>& exprs,
                                              std::string_view clause) {
    if (exprs.size() <= kMaxKeys) return std::nullopt;
    return BindError(exprs[kMaxKeys]->position, "invalid_argument",
                     fmt::format("{} has more than {} expressions", clause, kMaxKeys));
  }

  std::optional<QueryError> BindKeys() {
    if (!IsGrouped()) return std::nullopt;
    grouping_.emplace(scope_);
    if (auto error = CheckCount(ast_.group_by, "GROUP BY")) return error;
    const ExprContext context = Context("GROUP BY");
    for (const auto& key : ast_.group_by) {
      const AstExpr* ast = key.get();
      if (IsPosition(*ast)) {
        const auto position = FindPosition(*ast, "GROUP BY", ast_.items.size());
        if (!position) return position.error();
        ast = ast_.items[*position].expr.get();
        if (ast == nullptr) {
          return BindError(key->position, "invalid_argument",
                           fmt::format("GROUP BY position {} is *", key->text),
                           "name the columns to group by");
        }
      }
      auto expr = BindExpr(*ast, context);
      if (!expr) return expr.error();
      grouping_->AddKey(Typed(*expr));
    }
    return std::nullopt;
  }

  // A bare NULL that becomes a column is a text, as in PostgreSQL.
  static ExprPtr Typed(const ExprPtr& expr) {
    if (expr->type != DataType::kNull) return expr;
    return MakeLiteral(Value::Null(DataType::kString), expr->text);
  }

  std::optional<QueryError> BindItems() {
    const ExprContext context = Context("the select list");
    for (const auto& item : ast_.items) {
      if (item.expr == nullptr) {
        if (auto error = ExpandStar(item)) return error;
        continue;
      }
      auto expr = BindExpr(*item.expr, context);
      if (expr && grouping_) expr = grouping_->Lift(*expr, *item.expr, context);
      if (!expr) return expr.error();
      items_.push_back({Typed(*expr), NameOf(item)});
    }
    return std::nullopt;
  }

  std::optional<QueryError> ExpandStar(const AstSelectItem& star) {
    if (!ast_.from) {
      return BindError(star.position, "invalid_argument", "SELECT * needs a FROM",
                       "as in SELECT * FROM table");
    }
    for (uint32_t i = 0; i < scope_.columns().size(); ++i) {
      const auto& [name, type] = scope_.columns()[i];
      ExprPtr column = MakeColumnRef(i, type, name);
      if (grouping_) {
        auto lifted = grouping_->LiftColumn(column, star.position);
        if (!lifted) return lifted.error();
        column = *lifted;
      }
      items_.push_back({std::move(column), name});
    }
    return std::nullopt;
  }

  static bool IsPosition(const AstExpr& ast) {
    return ast.kind == AstKind::kLiteral && ast.literal.type == DataType::kInt64;
  }

  // Index of the select item that a number names.
  static Bound<size_t> FindPosition(const AstExpr& ast, std::string_view clause, size_t num_items) {
    const int64_t number = ast.literal.int64();
    if (number >= 1 && static_cast<uint64_t>(number) <= num_items)
      return static_cast<size_t>(number - 1);
    return BindError(
        ast.position, "invalid_argument",
        fmt::format("{} position {} is not in the select list", clause, number),
        fmt::format("the select list has {} expression{}", num_items, num_items == 1 ? "" : "s"));
  }

  // An expression of ORDER BY or DISTINCT ON: a position, a name of the select list, or anything
  // over the rows below it.
  Bound<ExprPtr> BindSortExpr(const AstExpr& ast, std::string_view clause) {
    if (IsPosition(ast)) {
      STRIA_BIND(const size_t position, FindPosition(ast, clause, items_.size()));
      return items_[position].expr;
    }
    if (ast.kind == AstKind::kColumn && ast.names.size() == 1) {
      const auto found = std::ranges::find(items_, ast.names[0], &Item::name);
      if (found != items_.end()) return found->expr;
    }
    const ExprContext context = Context(clause);
    STRIA_BIND(ExprPtr expr, BindExpr(ast, context));
    if (grouping_) return grouping_->Lift(expr, ast, context);
    return expr;
  }

  std::optional<QueryError> BindDistinctOn() {
    if (auto error = CheckCount(ast_.distinct_on, "DISTINCT ON")) return error;
    for (const auto& ast : ast_.distinct_on) {
      auto expr = BindSortExpr(*ast, "DISTINCT ON");
      if (!expr) return expr.error();
      if (!Contains(distinct_keys_, **expr)) distinct_keys_.push_back(*expr);
    }
    return std::nullopt;
  }

  static bool Contains(const std::vector<ExprPtr>& exprs, const Expr& expr) {
    return std::ranges::any_of(exprs, [&](const ExprPtr& e) { return SameExpr(*e, expr); });
  }

  std::optional<QueryError> BindOrderBy() {
    if (ast_.order_by.size() > kMaxKeys) {
      return BindError(ast_.order_by[kMaxKeys].expr->position, "invalid_argument",
                       fmt::format("ORDER BY has more than {} expressions", kMaxKeys));
    }
    std::vector<ExprPtr> seen;
    for (const auto& item : ast_.order_by) {
      auto expr = BindSortExpr(*item.expr, "ORDER BY");
      if (!expr) return expr.error();
      if ((*expr)->kind == ExprKind::kLiteral || Contains(seen, **expr)) continue;
      if (auto error = CheckDistinct(**expr, *item.expr, seen)) return error;
      seen.push_back(*expr);
      sort_keys_.push_back({.expr = *expr,
                            .descending = item.descending,
                            .nulls_first = item.nulls_first.value_or(item.descending)});
    }
    return std::nullopt;
  }

  // With DISTINCT, rows are sorted by what is shown; with DISTINCT ON, by its keys first.
  std::optional<QueryError> CheckDistinct(const Expr& expr, const AstExpr& ast,
                                          const std::vector<ExprPtr>& before) const {
    const auto is_same = [&](const Item& item) { return SameExpr(*item.expr, expr); };
    if (ast_.distinct && std::ranges::none_of(items_, is_same)) {
      return BindError(
          ast.position, "invalid_argument",
          fmt::format("ORDER BY {} is not in the select list of SELECT DISTINCT", expr.text),
          "add it to the select list");
    }
    if (distinct_keys_.empty() || Contains(distinct_keys_, expr)) return std::nullopt;
    for (const auto& key : distinct_keys_) {
      if (Contains(before, *key)) continue;
      return BindError(ast.position, "invalid_argument",
                       fmt::format("ORDER BY has to begin with the expressions of DISTINCT ON: {} "
                                   "comes before {}",
                                   expr.text, key->text),
                       fmt::format("ORDER BY {}, {}", key->text, ast.text));
    }
    return std::nullopt;
  }

  PlanPtr Assemble(PlanPtr plan) {
    if (grouping_) {
      plan = Aggregate(std::move(plan), grouping_->keys(), std::move(aggregates_.calls));
    }
    if (having_ != nullptr) plan = Filter(std::move(plan), having_);
    if (!windows_->empty()) plan = AddWindows(std::move(plan));
    if (!distinct_keys_.empty()) {
      plan = DistinctOn(std::move(plan));
    } else if (!sort_keys_.empty() && !ast_.distinct) {
      plan = Sort(std::move(plan), sort_keys_);
    }
    plan = Project(std::move(plan));
    if (ast_.distinct) plan = Distinct(std::move(plan));
    return plan;
  }

  PlanPtr AddWindows(PlanPtr plan) {
    plan = windows_->AddNodes(std::move(plan));
    for (auto& item : items_)
      item.expr = windows_->Lift(item.expr);
    for (auto& key : distinct_keys_)
      key = windows_->Lift(key);
    for (auto& key : sort_keys_)
      key.expr = windows_->Lift(key.expr);
    return plan;
  }

  static PlanPtr Aggregate(PlanPtr input, std::vector<ExprPtr> keys,
                           std::vector<AggregateCall> calls) {
    auto node = std::make_unique<PlanNode>();
    node->kind = PlanKind::kAggregate;
    for (const auto& key : keys)
      node->output.push_back({key->text, key->type});
    for (const auto& call : calls)
      node->output.push_back({call.text, call.type});
    node->exprs = std::move(keys);
    node->aggregates = std::move(calls);
    node->input = std::move(input);
    return node;
  }

  // The order says which row is the first of its key, and is that of the answer. Keys that ORDER BY
  // leaves out come after those that it names.
  PlanPtr DistinctOn(PlanPtr input) const {
    PlanPtr node = Above(std::move(input), PlanKind::kDistinctOn);
    node->exprs = distinct_keys_;
    const auto is_key = [&](const SortKey& key) { return Contains(distinct_keys_, *key.expr); };
    std::ranges::copy_if(sort_keys_, std::back_inserter(node->sort_keys), is_key);
    for (const auto& key : distinct_keys_) {
      const auto is_this = [&](const SortKey& sort) { return SameExpr(*sort.expr, *key); };
      if (std::ranges::none_of(node->sort_keys, is_this))
        node->sort_keys.push_back({.expr = key, .descending = false, .nulls_first = false});
    }
    for (const auto& key : sort_keys_) {
      if (!is_key(key)) node->sort_keys.push_back(key);
    }
    return node;
  }

  static PlanPtr Sort(PlanPtr input, std::vector<SortKey> keys) {
    PlanPtr node = Above(std::move(input), PlanKind::kSort);
    node->sort_keys = std::move(keys);
    return node;
  }

  // Nothing to do but to give the columns their names when the list is the rows as they are.
  PlanPtr Project(PlanPtr input) const {
    bool is_identity = items_.size() == input->output.size();
    const bool can_rename = CanRenameOutput(*input);
    for (uint32_t i = 0; is_identity && i < items_.size(); ++i) {
      const auto& [expr, name] = items_[i];
      is_identity = expr->kind == ExprKind::kColumn && expr->column == i &&
                    (can_rename || name == input->output[i].name);
    }
    if (!is_identity) {
      auto node = std::make_unique<PlanNode>();
      node->kind = PlanKind::kProject;
      node->input = std::move(input);
      for (const auto& item : items_)
        node->exprs.push_back(item.expr);
      input = std::move(node);
    }
    input->output.clear();
    for (const auto& [expr, name] : items_)
      input->output.push_back({name, expr->type});
    return input;
  }

  // DISTINCT is a GROUP BY of the whole list.
  PlanPtr Distinct(PlanPtr input) const {
    std::vector<ExprPtr> keys;
    for (uint32_t i = 0; i < items_.size(); ++i)
      keys.push_back(MakeColumnRef(i, items_[i].expr->type, items_[i].name));
    std::vector<SortKey> sort_keys = sort_keys_;
    for (auto& key : sort_keys) {
      const auto is_same = [&](const Item& item) { return SameExpr(*item.expr, *key.expr); };
      const auto found = std::ranges::find_if(items_, is_same);
      key.expr = keys[static_cast<size_t>(found - items_.begin())];
    }
    PlanPtr plan = Aggregate(std::move(input), std::move(keys), {});
    return sort_keys.empty() ? std::move(plan) : Sort(std::move(plan), std::move(sort_keys));
  }

  // The number after LIMIT or OFFSET; NULL is none.
  Bound<std::optional<uint64_t>> BindCount(const AstExpr& ast, std::string_view clause) const {
    const Scope nothing;
    const ExprContext context{.scope = nothing,
                              .now_ns = place_.context.now_ns,
                              .clause = clause,
                              .aggregates = nullptr,
                              .aliases = nullptr,
                              .windows = nullptr};
    const auto expr = BindExpr(ast, context);
    if (expr && (*expr)->kind == ExprKind::kLiteral) {
      const Value& value = (*expr)->literal;
      if (value.is_null()) return std::optional<uint64_t>();
      if (value.type == DataType::kInt64 && value.int64() >= 0)
        return std::optional(static_cast<uint64_t>(value.int64()));
      if (value.type == DataType::kUint64) return std::optional(value.uint64());
    }
    return BindError(
        ast.position, "invalid_argument",
        fmt::format("{} has to be a whole number, 0 or more; found {}", clause, ast.text));
  }

  Bound<PlanPtr> AddLimit(PlanPtr plan) const {
    std::optional<uint64_t> limit;
    std::optional<uint64_t> offset;
    if (ast_.limit != nullptr) {
      STRIA_BIND(limit, BindCount(*ast_.limit, "LIMIT"));
    }
    if (ast_.offset != nullptr) {
      STRIA_BIND(offset, BindCount(*ast_.offset, "OFFSET"));
    }
    if (!limit && offset.value_or(0) == 0) return plan;
    plan = Above(std::move(plan), PlanKind::kLimit);
    plan->limit = limit;
    plan->offset = offset.value_or(0);
    return plan;
  }

  const AstSelect& ast_;
  const QueryPlace& place_;
  Scope scope_;
  std::optional<Grouping> grouping_;  // When there are groups: refers to scope_.
  AggregateList aggregates_;
  std::optional<WindowList> windows_;  // Once there are groups or not: refers to grouping_.
  std::vector<Item> items_;            // Over the rows below the select list.
  ExprPtr having_;
  std::vector<ExprPtr> distinct_keys_;
  std::vector<SortKey> sort_keys_;
};

}  // namespace

Bound<PlanPtr> BindSelect(const AstSelect& select, const QueryPlace& place) {
  if (place.depth > kMaxQueryDepth) {
    return BindError(select.items[0].position, "invalid_argument",
                     fmt::format("queries are nested more than {} deep", kMaxQueryDepth),
                     "split the statement");
  }
  return SelectBinder(select, place).Bind();
}

}  // namespace stria::query
