// The logical plan: what a statement asks for, as a tree of plain nodes that the rules rewrite.
//
// Every node has output columns (name and type). Expressions of a node refer to the columns of its
// (only) input by position; those of a scan to `columns` of the scan.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/expr/expression.h"
#include "query/expr/window.h"
#include "storage/engine/scan.h"
#include "storage/types/schema.h"

namespace stria::query {

class VirtualTable;  // query/plan/virtual_table.h

struct OutputColumn {
  std::string name;
  DataType type = DataType::kNull;
};

enum class PlanKind : uint8_t {
  kScan,         ///< rows of a stored table
  kVirtualScan,  ///< rows of a system table
  kOneRow,       ///< one row without columns: SELECT 1
  kFilter,
  kProject,
  kAggregate,  ///< output: group keys, then aggregates
  kSort,
  kLimit,
  /// First row of each key in the order of `sort_keys`, which begin with the keys; the rows come
  /// out in that order.
  kDistinctOn,
  /// Window functions of one PARTITION BY and ORDER BY. Output: the columns of the input, then one
  /// for each call. Rows stay in the order of the input.
  kWindow,
};

struct SortKey {
  ExprPtr expr;
  bool descending = false;
  bool nulls_first =
      false;  ///< PostgreSQL's default: nulls last when ascending, first when descending
};

struct PlanNode;
using PlanPtr = std::unique_ptr<PlanNode>;

struct PlanNode {
  PlanKind kind = PlanKind::kOneRow;
  std::vector<OutputColumn> output;
  PlanPtr input;

  // kScan. Output column i is table column `columns[i]`. Before push-down `request` has only the
  // table; the rules fill in fields, time, tags and hints. `request.fields` are the field columns
  // among `columns`, in their order.
  storage::ScanRequest request;
  std::vector<ColumnSchema> columns;

  // kVirtualScan. Output columns are those of the table with these names.
  const VirtualTable* virtual_table = nullptr;

  // kFilter
  ExprPtr predicate;

  // kProject: one expression for each output column. kAggregate: the group keys.
  // kDistinctOn: the keys. kWindow: PARTITION BY.
  std::vector<ExprPtr> exprs;

  // kAggregate
  std::vector<AggregateCall> aggregates;

  // kWindow
  std::vector<WindowCall> window_calls;

  // kSort, kDistinctOn, kWindow
  std::vector<SortKey> sort_keys;
  std::optional<uint64_t> top;  ///< kSort: only the first so many rows are needed (from LIMIT)

  // kLimit
  std::optional<uint64_t> limit;
  uint64_t offset = 0;

  std::vector<std::string> notes;  ///< what rules did here, shown by EXPLAIN
};

/// Whether the output columns of `node` may get other names: not those of a system table, which are
/// found by name, nor those of nodes that pass them on.
bool CanRenameOutput(const PlanNode& node);

/// One predicate of a scan as text: "hostname in ('host_1', 'host_2')".
std::string FormatTagPredicate(const storage::TagPredicate& tag);

/// The plan as text, one node a line, two spaces deeper for each input.
std::string ExplainPlan(const PlanNode& plan);

}  // namespace stria::query
