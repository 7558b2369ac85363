// Statements that differ in their literals only are parsed once.
//
// A dashboard sends the same statement with other times again and again; parsing takes 70-220 us
// and does not scale over threads, while putting other literals into a parsed statement takes a
// few.
//
//   SELECT max(x) FROM t WHERE time > '2016-01-01' LIMIT 5
//   SELECT max(x) FROM t WHERE time > <string>     LIMIT <integer>     the shape, and the key
//
// An instance is what the parser would have made: literals, positions and texts are those of its
// own statement.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/sql/ast.h"

namespace stria::query {

/// A number or string in a statement: bytes [begin, end).
struct LiteralToken {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct StatementShape {
  std::string key;  ///< the text with each literal replaced by its kind
  std::vector<LiteralToken> literals;
};

/// Finds the literals of `sql`. nullopt where a template is of no use (no literals) or offsets
/// would be hard to follow (other than ASCII, literals with line ends), or the text does not end
/// well.
std::optional<StatementShape> FindShape(std::string_view sql);

/// Thread safety: immutable.
class StatementTemplate {
 public:
  /// `statement` is what the parser made of `sql`, whose shape is `shape`. nullptr when they do not
  /// agree about where the literals are, or it is no query.
  static std::shared_ptr<const StatementTemplate> Make(std::shared_ptr<const Statement> statement,
                                                       std::string_view sql,
                                                       const StatementShape& shape);

  /// The statement of `sql`, which has the same shape; nullptr when a literal cannot be read, and
  /// the parser should say why.
  std::shared_ptr<const Statement> Instantiate(std::string_view sql,
                                               const StatementShape& shape) const;

 private:
  StatementTemplate() = default;

  std::shared_ptr<const Statement> statement_;
  std::vector<LiteralToken> literals_;
  std::vector<uint32_t> line_begins_;  // Offset of each line.
};

}  // namespace stria::query
