// Statements and expressions as they were written: plain data, names not resolved.
//
// Immutable once parsed, so that a cached statement may be bound by several threads.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/expr/expression.h"
#include "query/expr/window.h"
#include "query/sql/source_text.h"
#include "storage/types/value.h"

namespace stria::query {

/// Where a token begins; both count from 1.
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
};

enum class AstKind : uint8_t {
  kColumn,   ///< `names`, dotted
  kLiteral,  ///< `literal`
  kCompare,  ///< args[0] op args[1]
  kArith,    ///< args[0] op args[1], or -args[0]
  kAnd,
  kOr,
  kNot,
  kIsNull,   ///< `negated`: IS NOT NULL
  kIn,       ///< args[0] IN (args[1..]); `negated`
  kBetween,  ///< args[0] BETWEEN args[1] AND args[2]; `negated`
  kLike,     ///< args[0] LIKE args[1]; `negated`
  kRegex,    ///< args[0] ~ args[1]; `negated`: !~; `ignores_case`: ~*
  kCast,     ///< args[0] AS names[0]
  kCall,     ///< names[0] (args); `star`: count(*); `filter`, `window`
  kCase,     ///< when, then, when, then ... [, else]
};

struct AstWindow;

struct AstExpr {
  AstKind kind = AstKind::kLiteral;
  ExprOp op = ExprOp::kNone;
  Position position;
  std::vector<std::string> names;
  Value literal;
  LiteralKind literal_kind = LiteralKind::kNone;
  std::vector<std::shared_ptr<const AstExpr>> args;
  bool negated = false;
  bool ignores_case = false;
  bool star = false;
  bool distinct = false;
  std::shared_ptr<const AstExpr> filter;    ///< FILTER (WHERE ...)
  std::shared_ptr<const AstWindow> window;  ///< OVER ...
  std::string text;                         ///< as written, blanks folded
  // Where it stands in the statement, in characters: [begin, end). The token of a literal begins
  // after a sign or the word INTERVAL.
  uint32_t begin = 0, end = 0, token_begin = 0;
};

using AstExprPtr = std::shared_ptr<const AstExpr>;

struct AstSelect;

/// A table, or a query in its place.
struct AstRelation {
  Position position;
  std::string database;  ///< empty: not given
  std::string table;
  Position table_position;
  std::shared_ptr<const AstSelect> query;
  std::string alias;
};

struct AstSelectItem {
  AstExprPtr expr;  ///< null: *
  std::string alias;
  Position position;
};

struct AstSortItem {
  AstExprPtr expr;
  bool descending = false;
  std::optional<bool> nulls_first;
};

/// One end of a frame. `offset` is null unless the kind is kPreceding or kFollowing.
struct AstFrameBound {
  FrameBoundKind kind = FrameBoundKind::kCurrentRow;
  AstExprPtr offset;
  Position position;
};

struct AstFrame {
  FrameUnit unit = FrameUnit::kRange;
  AstFrameBound begin, end;
};

/// What stands after OVER, or behind a name of WINDOW.
struct AstWindow {
  Position position;
  std::string base;  ///< the name of the window that it is, or that it goes on from; may be empty
  bool is_name = false;  ///< OVER name, without parentheses
  std::vector<AstExprPtr> partition_by;
  std::vector<AstSortItem> order_by;
  std::optional<AstFrame> frame;
};

/// A window of WINDOW, by its name.
using AstNamedWindow = std::pair<std::string, AstWindow>;

/// A query of WITH, by its name.
using AstCte = std::pair<std::string, std::shared_ptr<const AstSelect>>;

struct AstSelect {
  /// WITH: visible in this query and those inside it.
  std::vector<AstCte> ctes;
  bool distinct = false;
  std::vector<AstExprPtr> distinct_on;
  std::vector<AstSelectItem> items;
  std::optional<AstRelation> from;
  AstExprPtr where;
  std::vector<AstExprPtr> group_by;
  AstExprPtr having;
  std::vector<AstNamedWindow> windows;
  std::vector<AstSortItem> order_by;
  AstExprPtr limit;
  AstExprPtr offset;
};

struct AstExplain {
  std::shared_ptr<const AstSelect> query;
  bool analyze = false;
};
struct AstShowTables {
  std::string database;  ///< empty: the request's
  Position position;
};
struct AstShowDatabases {};
struct AstDescribe {
  AstRelation table;
};
struct AstCreateDatabase {
  std::string name;
  Position position;
};

struct AstShowCreate {
  AstRelation table;
};

/// name = value, as of WITH and SET; without a value, as of RESET.
struct AstOption {
  std::string name;
  Position position;
  std::optional<std::string> value;  ///< without its quotes
  Position value_position;
};

struct AstNewColumn {
  std::string name;
  Position position;
  std::string type;  ///< in lower case; a type, or the word tag
  Position type_position;
  std::string role;  ///< in lower case; may be empty
  Position role_position;
};

struct AstCreateTable {
  AstRelation table;
  std::vector<AstNewColumn> columns;
  std::vector<AstOption> options;
  bool if_not_exists = false;
};

/// ALTER TABLE ... SET or RESET.
struct AstSetOptions {
  AstRelation table;
  std::vector<AstOption> options;
};

struct AstDelete {
  AstRelation table;
  AstExprPtr where;  ///< null: none
  Position position;
};
struct AstDropTable {
  AstRelation table;
  bool if_exists = false;
};
struct AstDropDatabase {
  std::string name;
  Position position;
  bool if_exists = false;
};
struct AstDropColumn {
  AstRelation table;
  std::string column;
  Position column_position;
  bool if_exists = false;
};

using Statement =
    std::variant<std::shared_ptr<const AstSelect>, AstExplain, AstShowTables, AstShowDatabases,
                 AstShowCreate, AstDescribe, AstCreateDatabase, AstCreateTable, AstSetOptions,
                 AstDelete, AstDropTable, AstDropDatabase, AstDropColumn>;

}  // namespace stria::query
