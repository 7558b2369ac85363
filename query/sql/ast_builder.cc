// Runs ANTLR and turns its tree into ours. The only file that includes ANTLR's headers.
//
// Two stages: the fast prediction mode first; on an error the full one, whose listener gives the
// message.

#include <algorithm>

#include <StriaSqlLexer.h>
#include <StriaSqlParser.h>
#include <antlr4-runtime.h>
#include <fmt/core.h>

#include "query/sql/parse.h"
#include "query/sql/source_text.h"
#include "storage/base/nearest_name.h"

namespace stria::query::internal {
namespace {

using Parser = StriaSqlParser;

// Thrown through ANTLR's frames only, and caught in BuildStatement().
struct SyntaxError {
  QueryError error;
};

Position PositionOf(const antlr4::Token* token) {
  return {static_cast<uint32_t>(token->getLine()),
          static_cast<uint32_t>(token->getCharPositionInLine() + 1)};
}

[[noreturn]] void Fail(Position position, std::string message, std::string hint = {}) {
  throw SyntaxError{{.code = "parse",
                     .message = std::move(message),
                     .line = position.line,
                     .column = position.column,
                     .hint = std::move(hint)}};
}

// The keyword that a misspelled word may have meant.
std::string KeywordHint(const std::string& word) {
  static const std::vector<std::string> kKeywords = {
      "SELECT", "FROM",      "WHERE",     "GROUP BY",  "ORDER BY", "HAVING",   "LIMIT",
      "OFFSET", "DISTINCT",  "BETWEEN",   "LIKE",      "ASC",      "DESC",     "EXPLAIN",
      "SHOW",   "TABLES",    "WITH",      "AS",        "AND",      "DESCRIBE", "GROUP",
      "ORDER",  "INTERVAL",  "CREATE",    "DATABASE",  "CASE",     "WHEN",     "THEN",
      "ELSE",   "END",       "OVER",      "PARTITION", "WINDOW",   "FILTER",   "ROWS",
      "RANGE",  "PRECEDING", "FOLLOWING", "UNBOUNDED", "CURRENT",  "DELETE",   "DROP",
      "TABLE",  "ALTER",     "COLUMN",    "SET",       "RESET"};
  const auto nearest = NearestName(word, kKeywords);
  std::string upper = word;
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return nearest.empty() || nearest == upper ? std::string()
                                             : fmt::format("Did you mean {}?", nearest);
}

// Turns ANTLR's report, which lists dozens of tokens, into a sentence.
class ErrorListener final : public antlr4::BaseErrorListener {
 public:
  void syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* token, size_t line, size_t column,
                   const std::string&, std::exception_ptr) override {
    const Position position{static_cast<uint32_t>(line), static_cast<uint32_t>(column + 1)};
    if (token == nullptr) Fail(position, "a character that does not belong here");
    const bool at_end = token->getType() == antlr4::Token::EOF;
    const std::string found = at_end ? "the end of the statement" : '"' + token->getText() + '"';
    auto* parser = dynamic_cast<antlr4::Parser*>(recognizer);
    std::string expected = "something else";
    if (parser != nullptr) expected = Expected(*parser);
    std::string hint = at_end ? std::string() : KeywordHint(token->getText());
    if (parser != nullptr && parser->getTokenStream()->index() == 0) {
      expected = "a statement";
      if (hint.empty())
        hint =
            "statements are SELECT, WITH, EXPLAIN, SHOW, DESCRIBE, DELETE, CREATE, DROP and ALTER";
    } else if (token->getType() == Parser::BAD_NUMBER) {
      hint = "a number ends before letters; an interval is written '5s', a name in double quotes";
    }
    // The misspelled word is often the one before: `SELECT a FORM t` fails at t.
    if (hint.empty() && parser != nullptr && token->getTokenIndex() > 0) {
      const antlr4::Token* before = parser->getTokenStream()->LT(-1);
      if (before != nullptr && before->getType() == Parser::IDENTIFIER)
        hint = KeywordHint(before->getText());
    }
    Fail(position, fmt::format("expected {}, found {}", expected, found), std::move(hint));
  }

 private:
  static std::string Expected(antlr4::Parser& parser) {
    const auto tokens = parser.getExpectedTokens();
    const auto& vocabulary = parser.getVocabulary();
    if (tokens.contains(static_cast<size_t>(Parser::CASE)) &&
        tokens.contains(static_cast<size_t>(Parser::INTEGER))) {
      return "an expression";
    }
    auto* name_rule = parser.getATN().ruleToStartState[Parser::RuleName];
    const auto name_tokens = parser.getATN().nextTokens(name_rule);
    constexpr size_t kFewOthers = 6;
    if (tokens.contains(static_cast<size_t>(Parser::QUOTED)) &&
        tokens.subtract(name_tokens).size() < kFewOthers) {
      return "a name";
    }
    std::vector<std::string> names;
    for (const ssize_t type : tokens.toList()) {
      if (type <= 0) continue;
      std::string name = vocabulary.getDisplayName(static_cast<size_t>(type));
      if (name == "';'") continue;
      if (name == "NULL_") name = "NULL";
      names.push_back(std::move(name));
    }
    constexpr size_t kMaxNames = 6;
    if (names.empty()) return "the end of the statement";
    if (names.size() > kMaxNames) {
      // What may follow an expression is a crowd; the clauses are what people mean.
      std::erase_if(names, [](const std::string& name) {
        return name != "FROM" && name != "WHERE" && name != "GROUP" && name != "ORDER" &&
               name != "LIMIT";
      });
      if (names.empty()) return "an operator or the next clause";
    }
    std::string text;
    for (size_t i = 0; i < names.size(); ++i) {
      text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
    }
    return text;
  }
};

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

class Builder {
 public:
  explicit Builder(antlr4::CharStream& input) : input_(input) {}

  Statement Build(Parser::StatementContext* context) {
    if (auto* query = context->query()) return Query(query);
    if (auto* explain = context->explain()) {
      return AstExplain{.query = Query(explain->query()), .analyze = explain->ANALYZE() != nullptr};
    }
    if (auto* show = context->showTables()) {
      auto* name = show->name();
      return AstShowTables{
          .database = name == nullptr ? std::string() : Name(name),
          .position = PositionOf(name == nullptr ? show->getStart() : name->getStart())};
    }
    if (context->showDatabases() != nullptr) return AstShowDatabases{};
    if (auto* describe = context->describe()) {
      return AstDescribe{.table = Table(describe->tableName())};
    }
    if (auto* show = context->showCreate()) return AstShowCreate{.table = Table(show->tableName())};
    if (auto* create = context->createTable()) return CreateTable(create);
    if (auto* set = context->setOptions()) {
      AstSetOptions change{.table = Table(set->tableName()), .options = {}};
      if (set->tableOptions() != nullptr) change.options = Options(set->tableOptions());
      for (auto* name : set->name()) {
        change.options.push_back({.name = Lower(Name(name)),
                                  .position = PositionOf(name->getStart()),
                                  .value = std::nullopt,
                                  .value_position = PositionOf(name->getStart())});
      }
      return change;
    }
    if (auto* deleted = context->deleteRows()) {
      return AstDelete{.table = Table(deleted->tableName()),
                       .where = deleted->expr() == nullptr ? nullptr : Expr(deleted->expr()),
                       .position = PositionOf(deleted->getStart())};
    }
    if (auto* drop = context->dropTable()) {
      return AstDropTable{.table = Table(drop->tableName()), .if_exists = drop->IF() != nullptr};
    }
    if (auto* drop = context->dropDatabase()) {
      return AstDropDatabase{.name = Name(drop->name()),
                             .position = PositionOf(drop->name()->getStart()),
                             .if_exists = drop->IF() != nullptr};
    }
    if (auto* drop = context->dropColumn()) {
      return AstDropColumn{.table = Table(drop->tableName()),
                           .column = Name(drop->name()),
                           .column_position = PositionOf(drop->name()->getStart()),
                           .if_exists = drop->IF() != nullptr};
    }
    auto* create = context->createDatabase();
    return AstCreateDatabase{.name = Name(create->name()),
                             .position = PositionOf(create->name()->getStart())};
  }

 private:
  static std::string Name(Parser::NameContext* context) {
    if (context->QUOTED() != nullptr) return Unquote(context->getText());
    return context->getText();
  }

  static AstRelation Table(Parser::TableNameContext* context) {
    AstRelation relation;
    relation.position = PositionOf(context->getStart());
    const auto names = context->name();
    if (names.size() > 1) relation.database = Name(names[0]);
    relation.table = Name(names.back());
    relation.table_position = PositionOf(names.back()->getStart());
    return relation;
  }

  static AstCreateTable CreateTable(Parser::CreateTableContext* context) {
    AstCreateTable create{.table = Table(context->tableName()),
                          .columns = {},
                          .options = {},
                          .if_not_exists = context->IF() != nullptr};
    for (auto* column : context->newColumn()) {
      AstNewColumn out{.name = Name(column->name(0)),
                       .position = PositionOf(column->getStart()),
                       .type = Lower(Name(column->typeName()->name())),
                       .type_position = PositionOf(column->typeName()->getStart()),
                       .role = {},
                       .role_position = {}};
      if (column->role != nullptr) {
        out.role = Lower(Name(column->role));
        out.role_position = PositionOf(column->role->getStart());
      }
      create.columns.push_back(std::move(out));
    }
    if (context->tableOptions() != nullptr) create.options = Options(context->tableOptions());
    return create;
  }

  static std::vector<AstOption> Options(Parser::TableOptionsContext* context) {
    std::vector<AstOption> options;
    for (auto* option : context->option()) {
      // name = value, or name = - number.
      auto* const first = dynamic_cast<antlr4::tree::TerminalNode*>(option->children[2]);
      std::string value;
      for (size_t i = 2; i < option->children.size(); ++i)
        value += option->children[i]->getText();
      options.push_back({.name = Lower(Name(option->name(0))),
                         .position = PositionOf(option->getStart()),
                         .value = option->STRING() != nullptr ? Unquote(value) : std::move(value),
                         .value_position = PositionOf(
                             first != nullptr ? first->getSymbol() : option->name(1)->getStart())});
    }
    return options;
  }

  std::shared_ptr<const AstSelect> Query(Parser::QueryContext* context) {
    auto select = Select(context->select());
    for (auto* cte : context->cte()) {
      std::string name = Name(cte->name());
      if (std::ranges::find(select->ctes, name, &AstCte::first) != select->ctes.end())
        Fail(PositionOf(cte->getStart()), fmt::format("WITH has two queries named \"{}\"", name));
      select->ctes.emplace_back(std::move(name), Query(cte->query()));
    }
    return select;
  }

  std::shared_ptr<AstSelect> Select(Parser::SelectContext* context) {
    auto select = std::make_shared<AstSelect>();
    if (auto* distinct = context->distinct()) {
      select->distinct = distinct->ON() == nullptr;
      for (auto* expr : distinct->expr())
        select->distinct_on.push_back(Expr(expr));
    }
    for (auto* item : context->selectItem()) {
      AstSelectItem out;
      out.position = PositionOf(item->getStart());
      if (item->expr() != nullptr) out.expr = Expr(item->expr());
      if (item->alias != nullptr) out.alias = Name(item->alias);
      select->items.push_back(std::move(out));
    }
    if (auto* relation = context->relation()) select->from = Relation(relation);
    if (context->where != nullptr) select->where = Expr(context->where);
    if (context->having != nullptr) select->having = Expr(context->having);
    for (auto* expr : context->expr()) {
      if (expr != context->where && expr != context->having) select->group_by.push_back(Expr(expr));
    }
    for (auto* named : context->namedWindow()) {
      std::string name = Name(named->name());
      if (std::ranges::find(select->windows, name, &AstNamedWindow::first) != select->windows.end())
        Fail(PositionOf(named->getStart()),
             fmt::format("WINDOW has two windows named \"{}\"", name));
      select->windows.emplace_back(std::move(name), Window(named->window(), named->getStart()));
    }
    select->order_by = SortItems(context->sortItem());
    for (auto* limit : context->limits()) {
      auto& place = limit->LIMIT() != nullptr ? select->limit : select->offset;
      if (place != nullptr) Fail(PositionOf(limit->getStart()), "LIMIT or OFFSET is given twice");
      place = Expr(limit->expr());
    }
    return select;
  }

  std::vector<AstSortItem> SortItems(const std::vector<Parser::SortItemContext*>& contexts) {
    std::vector<AstSortItem> items;
    for (auto* context : contexts) {
      AstSortItem item{.expr = Expr(context->expr()),
                       .descending = context->DESC() != nullptr,
                       .nulls_first = {}};
      if (context->NULLS() != nullptr) item.nulls_first = context->FIRST() != nullptr;
      items.push_back(std::move(item));
    }
    return items;
  }

  // `start` is the token to blame for what is wrong with the window as a whole.
  AstWindow Window(Parser::WindowContext* context, const antlr4::Token* start) {
    AstWindow window;
    window.position = PositionOf(start);
    if (context->base != nullptr) window.base = Name(context->base);
    for (auto* expr : context->expr())
      window.partition_by.push_back(Expr(expr));
    window.order_by = SortItems(context->sortItem());
    if (auto* frame = context->frame()) {
      window.frame.emplace();
      window.frame->unit = frame->ROWS() != nullptr ? FrameUnit::kRows : FrameUnit::kRange;
      window.frame->begin = Bound(frame->begin);
      // Without BETWEEN, the frame ends with the current row.
      if (frame->end != nullptr) window.frame->end = Bound(frame->end);
    }
    return window;
  }

  AstFrameBound Bound(Parser::FrameBoundContext* context) {
    AstFrameBound bound;
    bound.position = PositionOf(context->getStart());
    const bool is_preceding = context->PRECEDING() != nullptr;
    if (context->UNBOUNDED() != nullptr) {
      bound.kind =
          is_preceding ? FrameBoundKind::kUnboundedPreceding : FrameBoundKind::kUnboundedFollowing;
    } else if (context->operand() != nullptr) {
      bound.kind = is_preceding ? FrameBoundKind::kPreceding : FrameBoundKind::kFollowing;
      bound.offset = Operand(context->operand());
    }
    return bound;
  }

  std::shared_ptr<const AstWindow> Over(Parser::OverContext* context) {
    if (context->window() != nullptr)
      return std::make_shared<AstWindow>(Window(context->window(), context->getStart()));
    auto window = std::make_shared<AstWindow>();
    window->position = PositionOf(context->name()->getStart());
    window->base = Name(context->name());
    window->is_name = true;
    return window;
  }

  AstRelation Relation(Parser::RelationContext* context) {
    AstRelation relation;
    if (context->tableName() != nullptr) {
      relation = Table(context->tableName());
    } else {
      relation.position = PositionOf(context->getStart());
      relation.query = Query(context->query());
    }
    if (context->alias != nullptr) relation.alias = Name(context->alias);
    return relation;
  }

  std::shared_ptr<AstExpr> New(AstKind kind, antlr4::ParserRuleContext* context) {
    auto expr = std::make_shared<AstExpr>();
    expr->kind = kind;
    expr->position = PositionOf(context->getStart());
    if (context->getStop() != nullptr) {
      const antlr4::misc::Interval interval(context->getStart()->getStartIndex(),
                                            context->getStop()->getStopIndex());
      expr->text = FoldText(input_.getText(interval));
      expr->begin = static_cast<uint32_t>(interval.a);
      expr->end = static_cast<uint32_t>(interval.b + 1);
    }
    return expr;
  }

  static ExprOp Operator(const std::string& text) {
    if (text == "=" || text == "==") return ExprOp::kEq;
    if (text == "<>" || text == "!=") return ExprOp::kNe;
    if (text == "<") return ExprOp::kLt;
    if (text == "<=") return ExprOp::kLe;
    if (text == ">") return ExprOp::kGt;
    if (text == ">=") return ExprOp::kGe;
    if (text == "+") return ExprOp::kAdd;
    if (text == "-") return ExprOp::kSubtract;
    if (text == "*") return ExprOp::kMultiply;
    if (text == "/") return ExprOp::kDivide;
    return ExprOp::kModulo;
  }

  AstExprPtr Binary(AstKind kind, antlr4::ParserRuleContext* context, ExprOp op, AstExprPtr left,
                    AstExprPtr right) {
    auto expr = New(kind, context);
    expr->op = op;
    expr->args = {std::move(left), std::move(right)};
    return expr;
  }

  // A chain of ANDs or ORs as one node, without recursion over its length.
  template <typename Context>
  AstExprPtr Chain(AstKind kind, Context* context) {
    auto expr = New(kind, context);
    std::vector<Parser::ExprContext*> operands;
    Parser::ExprContext* left = context;
    while (auto* same = dynamic_cast<Context*>(left)) {
      operands.push_back(same->right);
      left = same->left;
    }
    expr->args.push_back(Expr(left));
    for (size_t i = operands.size(); i-- > 0;)
      expr->args.push_back(Expr(operands[i]));
    return expr;
  }

  AstExprPtr Expr(Parser::ExprContext* context) {
    if (auto* c = dynamic_cast<Parser::ArithmeticContext*>(context)) return Operand(c->operand());
    if (auto* c = dynamic_cast<Parser::CompareContext*>(context)) {
      return Binary(AstKind::kCompare, c, Operator(c->op->getText()), Expr(c->left),
                    Expr(c->right));
    }
    if (auto* c = dynamic_cast<Parser::MatchContext*>(context)) {
      auto expr = New(AstKind::kRegex, c);
      const std::string op = c->op->getText();
      expr->negated = op.front() == '!';
      expr->ignores_case = op.back() == '*';
      expr->args = {Expr(c->left), Expr(c->right)};
      return expr;
    }
    if (auto* c = dynamic_cast<Parser::AndContext*>(context)) return Chain(AstKind::kAnd, c);
    if (auto* c = dynamic_cast<Parser::OrContext*>(context)) return Chain(AstKind::kOr, c);
    if (auto* c = dynamic_cast<Parser::NotContext*>(context)) {
      auto expr = New(AstKind::kNot, c);
      expr->args = {Expr(c->expr())};
      return expr;
    }
    if (auto* c = dynamic_cast<Parser::InListContext*>(context)) {
      auto expr = New(AstKind::kIn, c);
      expr->negated = c->NOT() != nullptr;
      for (auto* arg : c->expr())
        expr->args.push_back(Expr(arg));
      return expr;
    }
    if (auto* c = dynamic_cast<Parser::BetweenContext*>(context)) {
      auto expr = New(AstKind::kBetween, c);
      expr->negated = c->NOT() != nullptr;
      expr->args = {Expr(c->value), Operand(c->low), Operand(c->high)};
      return expr;
    }
    if (auto* c = dynamic_cast<Parser::LikeContext*>(context)) {
      auto expr = New(AstKind::kLike, c);
      expr->negated = c->NOT() != nullptr;
      expr->args = {Expr(c->left), Expr(c->right)};
      return expr;
    }
    auto* is_null = dynamic_cast<Parser::IsNullContext*>(context);
    auto expr = New(AstKind::kIsNull, is_null);
    expr->negated = is_null->NOT() != nullptr;
    expr->args = {Expr(is_null->expr())};
    return expr;
  }

  AstExprPtr Operand(Parser::OperandContext* context) {
    if (auto* c = dynamic_cast<Parser::SimpleContext*>(context)) return Primary(c->primary());
    if (auto* c = dynamic_cast<Parser::AddContext*>(context)) {
      return Binary(AstKind::kArith, c, Operator(c->op->getText()), Operand(c->left),
                    Operand(c->right));
    }
    if (auto* c = dynamic_cast<Parser::MultiplyContext*>(context)) {
      return Binary(AstKind::kArith, c, Operator(c->op->getText()), Operand(c->left),
                    Operand(c->right));
    }
    if (auto* c = dynamic_cast<Parser::SignedContext*>(context)) return Signed(c);
    auto* cast = dynamic_cast<Parser::CastSuffixContext*>(context);
    auto expr = New(AstKind::kCast, cast);
    expr->args = {Operand(cast->operand())};
    expr->names = {Lower(Name(cast->typeName()->name()))};
    return expr;
  }

  // A sign before a number is part of it, so that the least int64 can be written.
  AstExprPtr Signed(Parser::SignedContext* context) {
    if (context->sign->getText() == "+") return Operand(context->operand());
    if (auto* simple = dynamic_cast<Parser::SimpleContext*>(context->operand())) {
      if (auto* integer = dynamic_cast<Parser::IntegerContext*>(simple->primary())) {
        return Literal(context, LiteralKind::kInteger, integer->INTEGER()->getSymbol());
      }
    }
    auto expr = New(AstKind::kArith, context);
    expr->op = ExprOp::kNegate;
    expr->args = {Operand(context->operand())};
    return expr;
  }

  // A literal that ends with `token`; before it stands a sign, INTERVAL, TIMESTAMP or nothing.
  AstExprPtr Literal(antlr4::ParserRuleContext* context, LiteralKind kind, antlr4::Token* token) {
    auto expr = New(AstKind::kLiteral, context);
    expr->literal_kind = kind;
    expr->token_begin = static_cast<uint32_t>(token->getStartIndex());
    auto value = ReadLiteral(kind, token->getText(), expr->begin != expr->token_begin);
    if (!value) Fail(PositionOf(token), std::string(value.error().message()));
    expr->literal = *std::move(value);
    return expr;
  }

  AstExprPtr Literal(antlr4::ParserRuleContext* context, Value value) {
    auto expr = New(AstKind::kLiteral, context);
    expr->literal = std::move(value);
    return expr;
  }

  AstExprPtr Primary(Parser::PrimaryContext* context) {
    if (auto* c = dynamic_cast<Parser::ParenthesisContext*>(context)) return Expr(c->expr());
    if (auto* c = dynamic_cast<Parser::ColumnContext*>(context)) {
      auto expr = New(AstKind::kColumn, c);
      for (auto* name : c->name())
        expr->names.push_back(Name(name));
      return expr;
    }
    if (auto* c = dynamic_cast<Parser::CallContext*>(context)) {
      auto expr = New(AstKind::kCall, c);
      expr->names = {Lower(Name(c->name()))};
      expr->distinct = c->DISTINCT() != nullptr;
      for (auto* arg : c->expr())
        expr->args.push_back(Expr(arg));
      expr->star = c->star != nullptr;
      if (c->filter() != nullptr) expr->filter = Expr(c->filter()->expr());
      if (c->over() != nullptr) expr->window = Over(c->over());
      return expr;
    }
    if (auto* c = dynamic_cast<Parser::IntegerContext*>(context))
      return Literal(c, LiteralKind::kInteger, c->INTEGER()->getSymbol());
    if (auto* c = dynamic_cast<Parser::DecimalContext*>(context))
      return Literal(c, LiteralKind::kDecimal, c->DECIMAL()->getSymbol());
    if (auto* c = dynamic_cast<Parser::StringContext*>(context))
      return Literal(c, LiteralKind::kString, c->STRING()->getSymbol());
    if (dynamic_cast<Parser::TrueContext*>(context) != nullptr)
      return Literal(context, Value::Bool(true));
    if (dynamic_cast<Parser::FalseContext*>(context) != nullptr)
      return Literal(context, Value::Bool(false));
    if (dynamic_cast<Parser::NullContext*>(context) != nullptr)
      return Literal(context, Value::Null());
    if (auto* c = dynamic_cast<Parser::IntervalContext*>(context))
      return Literal(c, LiteralKind::kInterval, c->STRING()->getSymbol());
    if (auto* c = dynamic_cast<Parser::TimestampContext*>(context))
      return Literal(c, LiteralKind::kTimestamp, c->STRING()->getSymbol());
    if (auto* c = dynamic_cast<Parser::CastContext*>(context)) {
      auto expr = New(AstKind::kCast, c);
      expr->args = {Expr(c->expr())};
      expr->names = {Lower(Name(c->typeName()->name()))};
      return expr;
    }
    auto* c = dynamic_cast<Parser::CaseContext*>(context);
    auto expr = New(AstKind::kCase, c);
    for (auto* arg : c->expr())
      expr->args.push_back(Expr(arg));
    return expr;
  }

  antlr4::CharStream& input_;
};

// Text that is not UTF-8 makes ANTLR's input stream throw.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xc2) || lead >= 0xf5 || i + size > text.size()) return false;
    for (size_t j = 1; j < size; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xc0) != 0x80) return false;
    }
    i += size;
  }
  return true;
}

ParseResult Run(std::string_view sql) {
  antlr4::ANTLRInputStream input{std::string(sql)};
  StriaSqlLexer lexer(&input);
  lexer.removeErrorListeners();
  antlr4::CommonTokenStream tokens(&lexer);
  Parser parser(&tokens);
  parser.removeErrorListeners();
  auto* interpreter = parser.getInterpreter<antlr4::atn::ParserATNSimulator>();
  interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
  parser.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>());
  Parser::StatementContext* tree = nullptr;
  try {
    tree = parser.statement();
  } catch (const antlr4::ParseCancellationException&) {
    ErrorListener listener;
    tokens.seek(0);
    parser.reset();
    parser.addErrorListener(&listener);
    parser.setErrorHandler(std::make_shared<antlr4::DefaultErrorStrategy>());
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
    tree = parser.statement();
  }
  return std::make_shared<const Statement>(Builder(input).Build(tree));
}

}  // namespace

ParseResult BuildStatement(std::string_view sql) {
  if (!IsUtf8(sql))
    return QueryError{.code = "parse",
                      .message = "the statement is not UTF-8",
                      .line = 0,
                      .column = 0,
                      .hint = {}};
  try {
    return Run(sql);
  } catch (const SyntaxError& failure) {
    return failure.error;
  } catch (const std::exception& failure) {
    return QueryError{
        .code = "parse", .message = failure.what(), .line = 0, .column = 0, .hint = {}};
  }
}

}  // namespace stria::query::internal
