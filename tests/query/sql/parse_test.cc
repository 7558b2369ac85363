// Text to statements: what the parser takes, what it refuses and where, and its limits.

#include "query/sql/parse.h"

#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace stria::query {
namespace {

std::shared_ptr<const Statement> Parse(std::string_view sql) {
  const ParseResult result = ParseStatement(sql);
  if (const auto* error = std::get_if<QueryError>(&result)) {
    ADD_FAILURE() << sql << "\n" << error->line << ":" << error->column << " " << error->message;
    return nullptr;
  }
  return *std::get_if<std::shared_ptr<const Statement>>(&result);
}

std::shared_ptr<const AstSelect> Select(std::string_view sql) {
  const auto statement = Parse(sql);
  return statement == nullptr ? nullptr : std::get<std::shared_ptr<const AstSelect>>(*statement);
}

AstExprPtr Expression(const std::string& sql) {
  return Select("SELECT " + sql)->items[0].expr;
}

QueryError Error(std::string_view sql) {
  const ParseResult result = ParseStatement(sql);
  if (const auto* error = std::get_if<QueryError>(&result)) return *error;
  ADD_FAILURE() << "no error: " << sql;
  return {};
}

// The expression with every operation in parentheses.
std::string Shape(const AstExpr& expr) {
  const auto list = [&] {
    std::string text;
    for (const auto& arg : expr.args)
      text += (text.empty() ? "" : " ") + Shape(*arg);
    return text;
  };
  const std::string no = expr.negated ? "not-" : "";
  switch (expr.kind) {
    case AstKind::kColumn:
    case AstKind::kLiteral: return expr.text;
    case AstKind::kCompare:
    case AstKind::kArith: {
      static constexpr const char* kOps[] = {
          "", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "neg"};
      return "(" + std::string(kOps[static_cast<size_t>(expr.op)]) + " " + list() + ")";
    }
    case AstKind::kAnd: return "(and " + list() + ")";
    case AstKind::kOr: return "(or " + list() + ")";
    case AstKind::kNot: return "(not " + list() + ")";
    case AstKind::kIsNull: return "(" + no + "null " + list() + ")";
    case AstKind::kIn: return "(" + no + "in " + list() + ")";
    case AstKind::kBetween: return "(" + no + "between " + list() + ")";
    case AstKind::kLike: return "(" + no + "like " + list() + ")";
    case AstKind::kRegex:
      return "(" + no + (expr.ignores_case ? "imatch " : "match ") + list() + ")";
    case AstKind::kCast: return "(cast-" + expr.names[0] + " " + list() + ")";
    case AstKind::kCall: return "(" + expr.names[0] + (expr.star ? " *" : " " + list()) + ")";
    case AstKind::kCase: return "(case " + list() + ")";
  }
  return "?";
}

TEST(ParseTest, OperatorsBindAsInPostgres) {
  const std::pair<const char*, const char*> kCases[] = {
      {"a + b * c - d", "(- (+ a (* b c)) d)"},
      {"a - b - c", "(- (- a b) c)"},
      {"a / b * c % d", "(% (* (/ a b) c) d)"},
      {"-a * b", "(* (neg a) b)"},
      {"- (a + b)", "(neg (+ a b))"},
      {"a = b + 1 AND c <> 2 OR NOT d", "(or (and (= a (+ b 1)) (<> c 2)) (not d))"},
      {"NOT a = b", "(not (= a b))"},
      {"a OR b AND c OR d", "(or a (and b c) d)"},
      {"a AND b AND c AND d", "(and a b c d)"},
      {"a != 1 == b", "(= (<> a 1) b)"},
      {"a BETWEEN 1 AND 2 AND b", "(and (between a 1 2) b)"},
      {"a NOT BETWEEN 1 + 1 AND 2", "(not-between a (+ 1 1) 2)"},
      {"a IN (1, 2) AND b NOT IN ('x')", "(and (in a 1 2) (not-in b 'x'))"},
      {"a LIKE 'x%' OR a NOT LIKE '_'", "(or (like a 'x%') (not-like a '_'))"},
      {"a ~ 'x' AND b !~* lower(c) = d", "(and (match a 'x') (= (not-imatch b (lower c)) d))"},
      {"NOT a ~* 'x' OR b !~ 'y'", "(or (not (imatch a 'x')) (not-match b 'y'))"},
      {"a IS NULL AND b IS NOT NULL", "(and (null a) (not-null b))"},
      {"a::int64 + CAST(b AS double)", "(+ (cast-int64 a) (cast-double b))"},
      {"-a::int64", "(neg (cast-int64 a))"},
      {"count(*) + COUNT(a) + f()", "(+ (+ (count *) (count a)) (f ))"},
      {"CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END", "(case a 1 b 2 3)"},
      {"t.a + d.t.b + \"odd name\"", "(+ (+ t.a d.t.b) \"odd name\")"},
      {"now() - interval '1 hour'", "(- (now ) interval '1 hour')"},
      {"first(last) + tables + show", "(+ (+ (first last) tables) show)"},
  };
  for (const auto& [sql, shape] : kCases)
    EXPECT_EQ(Shape(*Expression(sql)), shape) << sql;
}

TEST(ParseTest, LiteralsHaveTheirTypes) {
  EXPECT_EQ(Expression("42")->literal, Value::Int64(42));
  EXPECT_EQ(Expression("-9223372036854775808")->literal,
            Value::Int64(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(Expression("18446744073709551615")->literal,
            Value::Uint64(std::numeric_limits<uint64_t>::max()));
  EXPECT_EQ(Expression("18446744073709551616")->literal, Value::Float64(0x1p64));
  EXPECT_EQ(Expression("1.5e3")->literal, Value::Float64(1500));
  EXPECT_EQ(Expression(".5")->literal, Value::Float64(0.5));
  EXPECT_EQ(Expression("'it''s'")->literal, Value::String("it's"));
  EXPECT_EQ(Expression("''")->literal, Value::String(""));
  EXPECT_EQ(Expression("'ünïcödé -- no comment'")->literal, Value::String("ünïcödé -- no comment"));
  EXPECT_EQ(Expression("TRUE")->literal, Value::Bool(true));
  EXPECT_EQ(Expression("null")->literal, Value::Null());
  EXPECT_EQ(Expression("interval '90 minutes'")->literal, Value::Interval(5'400'000'000'000));
  EXPECT_EQ(Expression("timestamp '2024-01-01'")->literal,
            Value::Timestamp(1'704'067'200'000'000'000));
}

TEST(ParseTest, ClausesArriveWhereTheyBelong) {
  const auto select = Select(
      "WITH c AS (SELECT 1) SELECT DISTINCT ON (a, b + 1) *, x AS y, z w FROM d.t AS q WHERE p "
      "GROUP "
      "BY g, 2 HAVING h ORDER BY o DESC NULLS LAST, 1 ASC, u OFFSET 4 LIMIT 3;");
  ASSERT_NE(select, nullptr);
  EXPECT_EQ(select->ctes.size(), 1U);
  EXPECT_EQ(select->ctes[0].first, "c");
  EXPECT_FALSE(select->distinct);
  EXPECT_EQ(select->distinct_on.size(), 2U);
  ASSERT_EQ(select->items.size(), 3U);
  EXPECT_EQ(select->items[0].expr, nullptr);
  EXPECT_EQ(select->items[1].alias, "y");
  EXPECT_EQ(select->items[2].alias, "w");
  EXPECT_EQ(select->from->database, "d");
  EXPECT_EQ(select->from->table, "t");
  EXPECT_EQ(select->from->alias, "q");
  EXPECT_EQ(select->where->text, "p");
  ASSERT_EQ(select->group_by.size(), 2U);
  EXPECT_EQ(select->group_by[1]->text, "2");
  EXPECT_EQ(select->having->text, "h");
  ASSERT_EQ(select->order_by.size(), 3U);
  EXPECT_TRUE(select->order_by[0].descending);
  EXPECT_EQ(select->order_by[0].nulls_first, std::optional(false));
  EXPECT_FALSE(select->order_by[2].nulls_first.has_value());
  EXPECT_EQ(select->limit->text, "3");
  EXPECT_EQ(select->offset->text, "4");
}

TEST(ParseTest, PositionsCountLinesAndColumnsFromOne) {
  const auto select =
      Select("SELECT a,\n  max( b ) -- comment\n FROM /* two\nlines */ d.t\nWHERE c");
  EXPECT_EQ(select->items[0].position.column, 8U);
  EXPECT_EQ(select->items[1].position.line, 2U);
  EXPECT_EQ(select->items[1].position.column, 3U);
  EXPECT_EQ(select->items[1].expr->args[0]->position.column, 8U);
  EXPECT_EQ(select->items[1].expr->text, "max( b )");
  EXPECT_EQ(select->from->position.line, 4U);
  EXPECT_EQ(select->from->position.column, 10U);
  EXPECT_EQ(select->from->table_position.column, 12U);
  EXPECT_EQ(select->where->position.line, 5U);
}

TEST(ParseTest, SmallStatementsOfEachKind) {
  EXPECT_TRUE(std::get<AstExplain>(*Parse("EXPLAIN ANALYZE SELECT 1")).analyze);
  EXPECT_FALSE(std::get<AstExplain>(*Parse("explain select 1;")).analyze);
  EXPECT_EQ(std::get<AstShowTables>(*Parse("SHOW TABLES")).database, "");
  EXPECT_EQ(std::get<AstShowTables>(*Parse("SHOW TABLES IN d")).database, "d");
  EXPECT_TRUE(std::holds_alternative<AstShowDatabases>(*Parse("SHOW DATABASES")));
  EXPECT_EQ(std::get<AstDescribe>(*Parse("DESCRIBE \"d 1\".\"t\"\"2\"")).table.database, "d 1");
  EXPECT_EQ(std::get<AstDescribe>(*Parse("DESC \"t\"\"2\"")).table.table, "t\"2");
  EXPECT_EQ(std::get<AstCreateDatabase>(*Parse("CREATE DATABASE IF NOT EXISTS d")).name, "d");
}

TEST(ParseTest, ErrorsPointAtTheToken) {
  struct {
    const char* sql;
    uint32_t line, column;
    const char* message;  // Part of it.
    const char* hint;     // Part of it.
  } const kCases[] = {
      {"", 1, 1, "the end of the statement", ""},
      {"SELECT", 1, 7, "expected an expression, found the end of the statement", ""},
      {"SELECT a FORM t", 1, 15, "found \"t\"", "Did you mean FROM?"},
      {"SELEC a FROM t", 1, 1, "found \"SELEC\"", "Did you mean SELECT?"},
      {"SELECT a FROM t WHERE", 1, 22, "an expression", ""},
      {"SELECT a,\n  FROM t", 2, 3, "expected an expression, found \"FROM\"", ""},
      {"SELECT a FROM t LIMIT 1 LIMIT 2", 1, 25, "LIMIT or OFFSET is given twice", ""},
      {"SELECT 'abc", 1, 8, "the string that begins here does not end", "close it with '"},
      {"SELECT 1;\nSELECT 2", 2, 1, "found \"SELECT\"", ""},
      {"SELECT a ? b", 1, 10, "found \"?\"", ""},
      {"SELECT (1", 1, 10, "", ""},
      {"SELECT interval '3 parsecs'", 1, 17, "", ""},
      {"SELECT timestamp '2024-13-01'", 1, 18, "", ""},
      {"SELECT 1e999", 1, 8, "does not fit float64", ""},
      {"TRUNCATE t", 1, 1, "expected a statement, found \"TRUNCATE\"", "statements are SELECT"},
      {"INSERT INTO t VALUES (1)", 1, 1, "expected a statement", "statements are SELECT"},
      {"SELECT 0x10", 1, 8, "expected an expression, found \"0x10\"", "a number ends"},
      {"SELECT 1_000", 1, 8, "found \"1_000\"", "a number ends"},
      {"SELECT 1e", 1, 8, "found \"1e\"", "a number ends"},
      {"SELECT a FROM t LIMIT 1OFFSET 2", 1, 23, "found \"1OFFSET\"", "a number ends"},
      {"SELECT 'a' || 1", 1, 12, "found \"|\"", ""},
      {"WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", 1, 23,
       "WITH has two queries named \"a\"", ""},
  };
  for (const auto& expected : kCases) {
    const QueryError error = Error(expected.sql);
    EXPECT_EQ(error.code, "parse") << expected.sql;
    EXPECT_EQ(error.line, expected.line) << expected.sql << "\n" << error.message;
    EXPECT_EQ(error.column, expected.column) << expected.sql << "\n" << error.message;
    EXPECT_FALSE(error.message.empty()) << expected.sql;
    EXPECT_NE(error.message.find(expected.message), std::string::npos) << expected.sql << "\n"
                                                                       << error.message;
    EXPECT_NE(error.hint.find(expected.hint), std::string::npos) << expected.sql << "\n"
                                                                 << error.hint;
  }
}

TEST(ParseTest, RefusesBytesThatAreNoText) {
  EXPECT_EQ(Error("SELECT '\xff'").message, "the statement is not UTF-8");
  EXPECT_EQ(Error(std::string_view("SELECT \0 1", 10)).message, "the statement has a zero byte");
}

TEST(ParseTest, EveryPrefixOfAStatementEndsInAnAnswer) {
  const std::string sql =
      "WITH c AS (SELECT a FROM t) SELECT DISTINCT ON (a) time_bucket('1h', time) AS h, CASE WHEN "
      "a "
      "IS NULL THEN -1.5e3 ELSE b::text END FROM c WHERE x NOT IN (1, 'y''z') AND NOT (p LIKE "
      "'q%') "
      "GROUP BY 1 HAVING count(*) > 2 ORDER BY h DESC NULLS LAST LIMIT 3 OFFSET 4";
  for (size_t size = 0; size < sql.size(); ++size) {
    const ParseResult result = ParseStatement(sql.substr(0, size));
    if (const auto* error = std::get_if<QueryError>(&result)) {
      EXPECT_EQ(error->code, "parse");
      EXPECT_FALSE(error->message.empty()) << sql.substr(0, size);
      EXPECT_GE(error->line, 1U) << sql.substr(0, size) << "\n" << error->message;
    }
  }
  EXPECT_NE(Parse(sql), nullptr);
}

TEST(ParseTest, BoundsNesting) {
  const auto nested = [](size_t depth) {
    return "SELECT " + std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  EXPECT_NE(Parse(nested(kMaxNesting)), nullptr);
  EXPECT_EQ(Error(nested(kMaxNesting + 1)).message, "expressions are nested more than 200 deep");
  EXPECT_EQ(Error(nested(kMaxNesting + 1)).column, 8U + kMaxNesting);
  EXPECT_EQ(Error(nested(20'000)).code, "parse");
  std::string cases = "SELECT ";
  for (int i = 0; i < 300; ++i)
    cases += "CASE WHEN true THEN ";
  EXPECT_EQ(Error(cases).message, "expressions are nested more than 200 deep");
  std::string signs = "SELECT ";
  for (int i = 0; i < 2000; ++i)
    signs += "- ";
  EXPECT_EQ(Error(signs + "1").message, "an expression has more than 1000 operators in a row");
}

TEST(ParseTest, CommentsMayHoldAnything) {
  EXPECT_NE(Parse("SELECT 1 -- it's (\n + /* \" ' ( \n */ 2"), nullptr);
  const QueryError error = Error("SELECT 1\n /* 2");
  EXPECT_EQ(error.message, "the comment that begins here does not end");
  EXPECT_EQ(error.line, 2U);
  EXPECT_EQ(error.column, 2U);
}

TEST(ParseTest, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(Error("SELECT 'ää', 'x").column, 14U);
  EXPECT_EQ(Error("SELECT 'ää' FORM t").column, 18U);
}

TEST(ParseTest, ParenthesesInTextDoNotCount) {
  EXPECT_NE(Parse("SELECT '" + std::string(5000, '(') + "' -- " + std::string(5000, '(')), nullptr);
}

TEST(ParseTest, TakesLongListsAndChains) {
  std::string list = "SELECT a FROM t WHERE a IN (0";
  std::string chain = "SELECT a FROM t WHERE a = 0";
  for (int i = 1; i < 5000; ++i) {
    list += "," + std::to_string(i);
    chain += (i % 2 == 0 ? " OR a = " : " AND a = ") + std::to_string(i);
  }
  EXPECT_EQ(Select(list + ")")->where->args.size(), 5001U);
  EXPECT_NE(Select(chain), nullptr);
}

TEST(ParseTest, RefusesTextThatIsTooLong) {
  const QueryError error = Error("SELECT '" + std::string(kMaxStatementBytes, 'x') + "'");
  EXPECT_EQ(error.code, "parse");
  EXPECT_NE(error.message.find("bytes"), std::string::npos);
}

TEST(ParseCacheTest, GivesTheSameStatementForTheSameText) {
  const auto parse = [](const std::string& sql) {
    return *std::get_if<std::shared_ptr<const Statement>>(
        std::make_unique<ParseResult>(ParseStatementCached(sql)).get());
  };
  const auto first = parse("SELECT cache_test_1");
  EXPECT_EQ(parse("SELECT cache_test_1"), first);
  EXPECT_NE(parse("SELECT cache_test_2"), first);
  // Old ones are forgotten, and those in use stay.
  for (int i = 0; i < 2000; ++i)
    parse("SELECT " + std::to_string(i));
  EXPECT_NE(parse("SELECT cache_test_1"), first);
  EXPECT_TRUE(std::holds_alternative<std::shared_ptr<const AstSelect>>(*first));
}

TEST(ParseCacheTest, ErrorsAreNotKept) {
  for (int i = 0; i < 2; ++i) {
    const ParseResult result = ParseStatementCached("SELECT FROM cache_test");
    EXPECT_TRUE(std::holds_alternative<QueryError>(result));
  }
}

TEST(ParseCacheTest, ServesSeveralThreads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) {
        const ParseResult result = ParseStatementCached("SELECT " + std::to_string(i % 50) + " + " +
                                                        std::to_string(t % 2));
        EXPECT_FALSE(std::holds_alternative<QueryError>(result));
      }
    });
  }
}

}  // namespace
}  // namespace stria::query
