#include "query/sql/statement_template.h"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

namespace stria::query {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWordBegin(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// A number as the grammar has it, the longest that begins at `i`; 'i' or 'd' as its kind.
std::pair<size_t, char> ScanNumber(std::string_view sql, size_t i) {
  const auto digits = [&] {
    while (i < sql.size() && IsDigit(sql[i]))
      ++i;
  };
  char kind = 'i';
  digits();
  if (i < sql.size() && sql[i] == '.') {
    kind = 'd';
    ++i;
    digits();
  }
  size_t exponent = i + 1;
  if (i < sql.size() && (sql[i] == 'e' || sql[i] == 'E')) {
    if (exponent < sql.size() && (sql[exponent] == '+' || sql[exponent] == '-')) ++exponent;
    if (exponent < sql.size() && IsDigit(sql[exponent])) {
      kind = 'd';
      i = exponent;
      digits();
    }
  }
  return {i, kind};
}

// The end of what begins at `i` and ends with `quote`, a doubled one aside; npos when it does not.
size_t ScanQuoted(std::string_view sql, size_t i, char quote) {
  for (;;) {
    i = sql.find(quote, i + 1);
    if (i == std::string_view::npos) return i;
    if (i + 1 == sql.size() || sql[i + 1] != quote) return i + 1;
    ++i;
  }
}

// The end of the comment that begins at `i`; `i` when there is none, npos when it does not end.
size_t ScanComment(std::string_view sql, size_t i) {
  const std::string_view rest = sql.substr(i);
  if (rest.starts_with("--")) return std::min(sql.find('\n', i), sql.size());
  if (!rest.starts_with("/*")) return i;
  const size_t end = sql.find("*/", i + 2);
  return end == std::string_view::npos ? end : end + 2;
}

// Goes through a statement and shows each literal expression.
template <typename Visit>
void VisitLiterals(const AstWindow& window, const Visit& visit);

template <typename Visit>
void VisitLiterals(const AstExpr& expr, const Visit& visit) {
  if (expr.literal_kind != LiteralKind::kNone) visit(expr);
  for (const auto& arg : expr.args)
    VisitLiterals(*arg, visit);
  if (expr.filter != nullptr) VisitLiterals(*expr.filter, visit);
  if (expr.window != nullptr) VisitLiterals(*expr.window, visit);
}

template <typename Visit>
void VisitLiterals(const AstWindow& window, const Visit& visit) {
  for (const auto& expr : window.partition_by)
    VisitLiterals(*expr, visit);
  for (const auto& item : window.order_by)
    VisitLiterals(*item.expr, visit);
  if (!window.frame) return;
  for (const auto* bound : {&window.frame->begin, &window.frame->end}) {
    if (bound->offset != nullptr) VisitLiterals(*bound->offset, visit);
  }
}

template <typename Visit>
void VisitLiterals(const AstSelect& select, const Visit& visit) {
  const auto visit_expr = [&](const AstExprPtr& expr) {
    if (expr != nullptr) VisitLiterals(*expr, visit);
  };
  for (const auto& cte : select.ctes)
    VisitLiterals(*cte.second, visit);
  std::ranges::for_each(select.distinct_on, visit_expr);
  for (const auto& item : select.items)
    visit_expr(item.expr);
  if (select.from && select.from->query != nullptr) VisitLiterals(*select.from->query, visit);
  visit_expr(select.where);
  std::ranges::for_each(select.group_by, visit_expr);
  visit_expr(select.having);
  for (const auto& [name, window] : select.windows)
    VisitLiterals(window, visit);
  for (const auto& item : select.order_by)
    visit_expr(item.expr);
  visit_expr(select.limit);
  visit_expr(select.offset);
}

const AstSelect* QueryOf(const Statement& statement) {
  if (const auto* select = std::get_if<std::shared_ptr<const AstSelect>>(&statement))
    return select->get();
  if (const auto* explain = std::get_if<AstExplain>(&statement)) return explain->query.get();
  return nullptr;
}

// Copies a statement for a text with other literals.
class Instance {
 public:
  Instance(std::string_view sql, std::span<const LiteralToken> old_literals,
           std::span<const LiteralToken> literals, std::span<const uint32_t> line_begins)
      : sql_(sql), old_literals_(old_literals), literals_(literals), line_begins_(line_begins) {}

  bool failed() const { return failed_; }

  std::shared_ptr<const AstSelect> Copy(const AstSelect& old) {
    auto select = std::make_shared<AstSelect>();
    for (const auto& [name, query] : old.ctes)
      select->ctes.emplace_back(name, Copy(*query));
    select->distinct = old.distinct;
    for (const auto& expr : old.distinct_on)
      select->distinct_on.push_back(Copy(expr));
    select->items.reserve(old.items.size());
    for (const auto& item : old.items) {
      select->items.push_back(
          {.expr = Copy(item.expr), .alias = item.alias, .position = Moved(item.position)});
    }
    if (old.from) select->from = Copy(*old.from);
    select->where = Copy(old.where);
    for (const auto& expr : old.group_by)
      select->group_by.push_back(Copy(expr));
    select->having = Copy(old.having);
    for (const auto& [name, window] : old.windows)
      select->windows.emplace_back(name, Copy(window));
    select->order_by = Copy(old.order_by);
    select->limit = Copy(old.limit);
    select->offset = Copy(old.offset);
    return select;
  }

 private:
  AstRelation Copy(const AstRelation& old) {
    AstRelation relation = old;
    relation.position = Moved(old.position);
    relation.table_position = Moved(old.table_position);
    if (old.query != nullptr) relation.query = Copy(*old.query);
    return relation;
  }

  std::vector<AstSortItem> Copy(const std::vector<AstSortItem>& old) {
    std::vector<AstSortItem> items;
    for (const auto& item : old) {
      items.push_back({.expr = Copy(item.expr),
                       .descending = item.descending,
                       .nulls_first = item.nulls_first});
    }
    return items;
  }

  AstWindow Copy(const AstWindow& old) {
    AstWindow window = old;
    window.position = Moved(old.position);
    for (auto& expr : window.partition_by)
      expr = Copy(expr);
    window.order_by = Copy(old.order_by);
    if (!old.frame) return window;
    for (auto* bound : {&window.frame->begin, &window.frame->end}) {
      bound->position = Moved(bound->position);
      bound->offset = Copy(bound->offset);
    }
    return window;
  }

  AstExprPtr Copy(const AstExprPtr& old) {
    if (old == nullptr || !Changes(*old)) return old;
    auto expr = std::make_shared<AstExpr>();
    expr->kind = old->kind;
    expr->op = old->op;
    expr->position = Moved(old->position);
    expr->names = old->names;
    expr->literal_kind = old->literal_kind;
    expr->negated = old->negated;
    expr->ignores_case = old->ignores_case;
    expr->star = old->star;
    expr->distinct = old->distinct;
    expr->filter = Copy(old->filter);
    if (old->window != nullptr)
      expr->window = std::make_shared<const AstWindow>(Copy(*old->window));
    expr->begin = Moved(old->begin);
    expr->end = Moved(old->end);
    expr->token_begin = Moved(old->token_begin);
    expr->text = FoldText(sql_.substr(expr->begin, expr->end - expr->begin));
    if (old->literal_kind == LiteralKind::kNone) {
      expr->literal = old->literal;
    } else {
      auto value = ReadLiteral(old->literal_kind,
                               sql_.substr(expr->token_begin, expr->end - expr->token_begin),
                               expr->begin != expr->token_begin);
      failed_ |= !value.has_value();
      if (value) expr->literal = *std::move(value);
    }
    expr->args.reserve(old->args.size());
    for (const auto& arg : old->args)
      expr->args.push_back(Copy(arg));
    return expr;
  }

  // The number of literals that end at or before `offset` of the old text.
  size_t NumLiteralsBefore(uint32_t offset) const {
    const auto after = std::ranges::upper_bound(old_literals_, offset, {}, &LiteralToken::end);
    return static_cast<size_t>(after - old_literals_.begin());
  }

  // Where `offset` of the old text, which is inside no literal, is in the new one.
  uint32_t Moved(uint32_t offset) const {
    const size_t num_before = NumLiteralsBefore(offset);
    if (num_before == 0) return offset;
    return offset - old_literals_[num_before - 1].end + literals_[num_before - 1].end;
  }

  // Literals have no line ends, so that lines stay.
  Position Moved(Position position) const {
    if (position.line == 0) return position;
    const uint32_t line_begin = line_begins_[position.line - 1];
    const uint32_t offset = line_begin + position.column - 1;
    return {position.line, Moved(offset) - Moved(line_begin) + 1};
  }

  // Whether the expression has literals, or stands elsewhere. What does not change is shared.
  bool Changes(const AstExpr& expr) const {
    return Moved(expr.begin) != expr.begin || Moved(expr.position).column != expr.position.column ||
           NumLiteralsBefore(expr.begin) != NumLiteralsBefore(expr.end);
  }

  std::string_view sql_;
  std::span<const LiteralToken> old_literals_, literals_;
  std::span<const uint32_t> line_begins_;
  bool failed_ = false;
};

}  // namespace

std::optional<StatementShape> FindShape(std::string_view sql) {
  StatementShape shape;
  shape.key.reserve(sql.size());
  const auto add_literal = [&](size_t begin, size_t end, char kind) {
    shape.literals.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    shape.key += '\x01';
    shape.key += kind;
  };
  const auto is_plain = [](char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\t' || c == '\r';
  };
  if (!std::ranges::all_of(sql, is_plain)) return std::nullopt;
  for (size_t i = 0; i < sql.size();) {
    const char c = sql[i];
    size_t end = ScanComment(sql, i);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == i && c == '\'') {
      end = ScanQuoted(sql, i, c);
      if (end == std::string_view::npos) return std::nullopt;
      if (sql.substr(i, end - i).find('\n') != std::string_view::npos) return std::nullopt;
      add_literal(i, end, 's');
      i = end;
      continue;
    }
    const bool is_fraction = c == '.' && i + 1 < sql.size() && IsDigit(sql[i + 1]);
    if (end == i && (IsDigit(c) || is_fraction)) {
      const auto [number_end, kind] = ScanNumber(sql, i);
      add_literal(i, number_end, kind);
      i = number_end;
      continue;
    }
    if (end == i && c == '"') end = ScanQuoted(sql, i, c);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == i) {
      ++end;
      while (IsWordBegin(c) && end < sql.size() &&
             (IsWordBegin(sql[end]) || IsDigit(sql[end]) || sql[end] == '$')) {
        ++end;
      }
    }
    shape.key += sql.substr(i, end - i);
    i = end;
  }
  if (shape.literals.empty()) return std::nullopt;
  return shape;
}

std::shared_ptr<const StatementTemplate> StatementTemplate::Make(
    std::shared_ptr<const Statement> statement, std::string_view sql, const StatementShape& shape) {
  const AstSelect* query = QueryOf(*statement);
  if (query == nullptr) return nullptr;
  std::vector<std::pair<uint32_t, uint32_t>> found;
  VisitLiterals(*query, [&](const AstExpr& literal) {
    found.emplace_back(literal.token_begin, literal.end);
  });
  std::ranges::sort(found);
  const auto is_same = [](const auto& a, const LiteralToken& b) {
    return a.first == b.begin && a.second == b.end;
  };
  if (!std::ranges::equal(found, shape.literals, is_same)) return nullptr;
  std::shared_ptr<StatementTemplate> result(new StatementTemplate());
  result->statement_ = std::move(statement);
  result->literals_ = shape.literals;
  result->line_begins_ = {0};
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\n') result->line_begins_.push_back(static_cast<uint32_t>(i + 1));
  }
  return result;
}

std::shared_ptr<const Statement> StatementTemplate::Instantiate(std::string_view sql,
                                                                const StatementShape& shape) const {
  if (shape.literals.size() != literals_.size()) return nullptr;
  Instance instance(sql, literals_, shape.literals, line_begins_);
  auto query = instance.Copy(*QueryOf(*statement_));
  if (instance.failed()) return nullptr;
  if (const auto* explain = std::get_if<AstExplain>(statement_.get())) {
    return std::make_shared<const Statement>(
        AstExplain{.query = std::move(query), .analyze = explain->analyze});
  }
  return std::make_shared<const Statement>(std::move(query));
}

}  // namespace stria::query
