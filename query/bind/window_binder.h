// Calls with OVER.
//
// A call is bound over the rows that the select list sees: those of FROM, or the groups of GROUP
// BY. Calls of one PARTITION BY and ORDER BY become one node of the plan.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/bind/expr_binder.h"
#include "query/bind/grouping.h"
#include "query/expr/window.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

/// Window call i is column kFirstWindowColumn + i until the plan of its SELECT is put together.
inline constexpr uint32_t kFirstWindowColumn = 1U << 31;

/// Windows of one WINDOW clause, and expressions of one PARTITION BY or ORDER BY.
inline constexpr size_t kMaxWindowKeys = 256;

/// The calls of one SELECT, each once, by their window.
class WindowList {
 public:
  /// `select` outlives the list. `grouping` is nullptr where there are no groups, and else outlives
  /// the list too.
  WindowList(const AstSelect& select, const Grouping* grouping)
      : select_(select), grouping_(grouping) {}

  /// Adds the call `ast`, unless it is there, and refers to it.
  Bound<ExprPtr> Bind(const AstExpr& ast, const ExprContext& context);

  /// Binds the windows of WINDOW, also those that no call uses.
  std::optional<QueryError> CheckNamed(const ExprContext& context) const;

  bool empty() const { return num_calls_ == 0; }

  /// Puts a node above `plan` for each window.
  PlanPtr AddNodes(PlanPtr plan);

  /// `expr` over the output of what AddNodes() gave.
  ExprPtr Lift(const ExprPtr& expr) const;

 private:
  // One PARTITION BY and ORDER BY.
  struct Window {
    std::vector<ExprPtr> partition;
    std::vector<SortKey> order;
    std::vector<WindowCall> calls;
    std::vector<uint32_t> numbers;  // By call: its column less kFirstWindowColumn.
  };

  // A window with what it has from the one that it goes on from.
  struct Spec {
    const std::vector<AstExprPtr>* partition_by = nullptr;
    const std::vector<AstSortItem>* order_by = nullptr;
    const AstFrame* frame = nullptr;
  };

  Bound<Spec> Resolve(const AstWindow& window, size_t num_visible) const;
  Bound<Window> BindWindow(const Spec& spec, const ExprContext& context) const;
  Bound<ExprPtr> BindBelow(const AstExpr& ast, const ExprContext& context) const;
  Bound<WindowCall> BindAggregate(const AstExpr& ast, const ExprContext& context) const;
  Bound<WindowCall> BindFunction(const AstExpr& ast, const ExprContext& context) const;
  Window& FindOrAdd(Window&& window);

  const AstSelect& select_;
  const Grouping* grouping_;
  std::vector<Window> windows_;
  uint32_t num_calls_ = 0;
  std::vector<uint32_t> places_;  // By number: the column, once there are nodes.
};

/// Whether `name` (lower case) is a function that needs OVER: row_number, lag, ...
bool IsWindowName(std::string_view name);

}  // namespace stria::query
