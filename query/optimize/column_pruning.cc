#include "query/optimize/column_pruning.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

constexpr uint32_t kGone = std::numeric_limits<uint32_t>::max();

using Wanted = std::vector<uint8_t>;    // A byte a column of an input.
using Mapping = std::vector<uint32_t>;  // Where a column of an input is now, or kGone.

void Want(const ExprPtr& expr, Wanted& wanted) {
  std::vector<uint32_t> columns;
  CollectColumns(*expr, columns);
  for (const uint32_t column : columns)
    wanted[column] = 1;
}

// Leaves the elements that are wanted.
template <typename T>
void KeepWanted(std::vector<T>& elements, const Wanted& wanted) {
  size_t num_kept = 0;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (wanted[i] == 0) continue;
    if (num_kept != i) elements[num_kept] = std::move(elements[i]);
    ++num_kept;
  }
  elements.resize(num_kept);
}

Mapping MappingOf(const Wanted& wanted) {
  Mapping mapping;
  uint32_t num_kept = 0;
  for (const uint8_t is_wanted : wanted)
    mapping.push_back(is_wanted != 0 ? num_kept++ : kGone);
  return mapping;
}

Mapping Prune(PlanNode& node, Wanted wanted);

// Of nodes whose rows are rows of their input.
Mapping PrunePassing(PlanNode& node, Wanted wanted) {
  if (node.predicate != nullptr) Want(node.predicate, wanted);
  for (const auto& key : node.exprs)
    Want(key, wanted);
  for (const auto& key : node.sort_keys)
    Want(key.expr, wanted);
  Mapping mapping = Prune(*node.input, std::move(wanted));
  if (node.predicate != nullptr) node.predicate = MapColumns(node.predicate, mapping);
  for (auto& key : node.exprs)
    key = MapColumns(key, mapping);
  for (auto& key : node.sort_keys)
    key.expr = MapColumns(key.expr, mapping);
  Wanted kept;
  for (const uint32_t place : mapping)
    kept.push_back(place != kGone ? 1 : 0);
  KeepWanted(node.output, kept);
  return mapping;
}

Mapping PruneProject(PlanNode& node, const Wanted& wanted) {
  KeepWanted(node.exprs, wanted);
  KeepWanted(node.output, wanted);
  Wanted below(node.input->output.size(), 0);
  for (const auto& expr : node.exprs)
    Want(expr, below);
  const Mapping mapping = Prune(*node.input, std::move(below));
  for (auto& expr : node.exprs)
    expr = MapColumns(expr, mapping);
  return MappingOf(wanted);
}

// The keys stay: they make the groups.
Mapping PruneAggregate(PlanNode& node, Wanted wanted) {
  const size_t num_keys = node.exprs.size();
  std::fill_n(wanted.begin(), num_keys, uint8_t{1});
  KeepWanted(node.output, wanted);
  KeepWanted(node.aggregates,
             Wanted(wanted.begin() + static_cast<ptrdiff_t>(num_keys), wanted.end()));
  Wanted below(node.input->output.size(), 0);
  for (const auto& key : node.exprs)
    Want(key, below);
  for (const auto& call : node.aggregates) {
    if (call.argument != nullptr) Want(call.argument, below);
    if (call.order != nullptr) Want(call.order, below);
  }
  const Mapping mapping = Prune(*node.input, std::move(below));
  for (auto& key : node.exprs)
    key = MapColumns(key, mapping);
  for (auto& call : node.aggregates) {
    if (call.argument != nullptr) call.argument = MapColumns(call.argument, mapping);
    if (call.order != nullptr) call.order = MapColumns(call.order, mapping);
  }
  return MappingOf(wanted);
}

// Without a call that is wanted, nothing is left of the node.
Mapping PruneWindow(PlanNode& node, const Wanted& wanted) {
  const size_t num_below = node.input->output.size();
  const auto first_call = wanted.begin() + static_cast<ptrdiff_t>(num_below);
  Wanted below(wanted.begin(), first_call);
  const Wanted calls(first_call, wanted.end());
  KeepWanted(node.window_calls, calls);
  if (node.window_calls.empty()) {
    PlanNode input = std::move(*node.input);
    node.output.resize(num_below);
    input.output = std::move(node.output);
    node = std::move(input);
    Mapping mapping = Prune(node, std::move(below));
    mapping.resize(wanted.size(), kGone);
    return mapping;
  }
  for (const auto& key : node.exprs)
    Want(key, below);
  for (const auto& key : node.sort_keys)
    Want(key.expr, below);
  for (const auto& call : node.window_calls) {
    for (const auto& arg : call.args)
      Want(arg, below);
  }
  Mapping mapping = Prune(*node.input, std::move(below));
  for (auto& key : node.exprs)
    key = MapColumns(key, mapping);
  for (auto& key : node.sort_keys)
    key.expr = MapColumns(key.expr, mapping);
  for (auto& call : node.window_calls) {
    for (auto& arg : call.args)
      arg = MapColumns(arg, mapping);
  }
  Wanted kept;
  for (const uint32_t place : mapping)
    kept.push_back(place != kGone ? 1 : 0);
  kept.insert(kept.end(), calls.begin(), calls.end());
  KeepWanted(node.output, kept);
  auto place = static_cast<uint32_t>(node.input->output.size());
  for (const uint8_t is_wanted : calls)
    mapping.push_back(is_wanted != 0 ? place++ : kGone);
  return mapping;
}

void SetFields(PlanNode& scan) {
  scan.request.fields.clear();
  for (const auto& column : scan.columns) {
    if (column.role == ColumnRole::kField) scan.request.fields.push_back(column.id);
  }
}

Mapping PruneScan(PlanNode& node, const Wanted& wanted) {
  KeepWanted(node.columns, wanted);
  KeepWanted(node.output, wanted);
  SetFields(node);
  return MappingOf(wanted);
}

// Removes columns that are not wanted from the output of `node`, as far as it does not need them
// itself.
Mapping Prune(PlanNode& node, Wanted wanted) {
  switch (node.kind) {
    case PlanKind::kScan: return PruneScan(node, wanted);
    case PlanKind::kProject: return PruneProject(node, wanted);
    case PlanKind::kAggregate: return PruneAggregate(node, std::move(wanted));
    case PlanKind::kFilter:
    case PlanKind::kSort:
    case PlanKind::kLimit:
    case PlanKind::kDistinctOn: return PrunePassing(node, std::move(wanted));
    case PlanKind::kWindow: return PruneWindow(node, wanted);
    case PlanKind::kVirtualScan: KeepWanted(node.output, wanted); return MappingOf(wanted);
    case PlanKind::kOneRow: break;
  }
  return MappingOf(wanted);
}

// The columns that `project` shows, when it shows each column of its input once; else empty.
Mapping PermutationOf(const PlanNode& project) {
  Mapping columns;
  Wanted seen(project.input->output.size(), 0);
  if (project.exprs.size() != seen.size()) return {};
  for (const auto& expr : project.exprs) {
    if (expr->kind != ExprKind::kColumn || seen[expr->column] != 0) return {};
    seen[expr->column] = 1;
    columns.push_back(expr->column);
  }
  return columns;
}

// Gives the work of a projection to the scan below it, which can hand out any order.
void DropProjections(PlanPtr& plan) {
  for (PlanPtr* place = &plan; *place != nullptr;) {
    PlanNode& node = **place;
    if (node.kind != PlanKind::kProject || node.exprs.empty()) {
      place = &node.input;
      continue;
    }
    const Mapping order = PermutationOf(node);
    const bool is_scan = node.input->kind == PlanKind::kScan;
    const bool can_drop =
        is_scan || (std::ranges::is_sorted(order) && CanRenameOutput(*node.input));
    if (order.empty() || !can_drop) {
      place = &node.input;
      continue;
    }
    PlanPtr input = std::move(node.input);
    if (is_scan) {
      std::vector<ColumnSchema> columns;
      for (const uint32_t column : order)
        columns.push_back(std::move(input->columns[column]));
      input->columns = std::move(columns);
      SetFields(*input);
    }
    input->output = std::move(node.output);
    *place = std::move(input);
  }
}

}  // namespace

void PruneColumns(PlanPtr& plan) {
  Prune(*plan, Wanted(plan->output.size(), 1));
  DropProjections(plan);
}

}  // namespace stria::query
