// An instance of a template is what the parser would have made of its text.

#include "query/sql/statement_template.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "query/sql/parse.h"

namespace stria::query {
namespace {

// Everything that is in a statement, as text.
class Dump {
 public:
  static std::string Of(const Statement& statement) {
    Dump dump;
    if (const auto* select = std::get_if<std::shared_ptr<const AstSelect>>(&statement)) {
      dump.Add(**select);
    } else if (const auto* explain = std::get_if<AstExplain>(&statement)) {
      dump.text_ += explain->analyze ? "explain analyze " : "explain ";
      dump.Add(*explain->query);
    } else {
      dump.text_ += "other";
    }
    return dump.text_;
  }

 private:
  void Add(Position position) {
    text_ += std::to_string(position.line) + ":" + std::to_string(position.column) + " ";
  }
  void Add(const AstExprPtr& expr) {
    if (expr == nullptr) {
      text_ += "-\n";
      return;
    }
    Add(expr->position);
    for (const uint32_t number :
         {static_cast<uint32_t>(expr->kind), static_cast<uint32_t>(expr->op),
          static_cast<uint32_t>(expr->literal_kind), static_cast<uint32_t>(expr->negated),
          static_cast<uint32_t>(expr->star), static_cast<uint32_t>(expr->distinct), expr->begin,
          expr->end, expr->token_begin, static_cast<uint32_t>(expr->literal.type),
          static_cast<uint32_t>(expr->literal.data.index())}) {
      text_ += std::to_string(number) + " ";
    }
    for (const auto& name : expr->names)
      text_ += name + " ";
    std::visit(
        [this](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::string>) {
            text_ += value;
          } else if constexpr (!std::is_same_v<T, std::monostate>) {
            text_ += std::to_string(value);
          }
        },
        expr->literal.data);
    text_ += " [" + expr->text + "]\n";
    for (const auto& arg : expr->args)
      Add(arg);
  }
  void Add(const AstSelect& select) {
    for (const auto& [name, query] : select.ctes) {
      text_ += "with " + name + "\n";
      Add(*query);
    }
    text_ += select.distinct ? "select distinct\n" : "select\n";
    for (const auto& expr : select.distinct_on)
      Add(expr);
    for (const auto& item : select.items) {
      Add(item.position);
      text_ += item.alias + " ";
      Add(item.expr);
    }
    if (select.from) {
      Add(select.from->position);
      Add(select.from->table_position);
      text_ += select.from->database + "." + select.from->table + " " + select.from->alias + "\n";
      if (select.from->query != nullptr) Add(*select.from->query);
    }
    Add(select.where);
    for (const auto& expr : select.group_by)
      Add(expr);
    Add(select.having);
    for (const auto& item : select.order_by) {
      text_ += item.descending ? "desc " : "asc ";
      Add(item.expr);
    }
    Add(select.limit);
    Add(select.offset);
  }

  std::string text_;
};

std::shared_ptr<const Statement> Parse(const std::string& sql) {
  const ParseResult result = ParseStatement(sql);
  const auto* statement = std::get_if<std::shared_ptr<const Statement>>(&result);
  if (statement != nullptr) return *statement;
  ADD_FAILURE() << sql << "\n" << std::get_if<QueryError>(&result)->message;
  return nullptr;
}

// The statement of `sql` by way of the template of `other`; nullptr when that does not work.
std::shared_ptr<const Statement> Through(const std::string& other, const std::string& sql) {
  const auto other_shape = FindShape(other);
  const auto shape = FindShape(sql);
  if (!other_shape || !shape || other_shape->key != shape->key) return nullptr;
  const auto parsed = StatementTemplate::Make(Parse(other), other, *other_shape);
  return parsed == nullptr ? nullptr : parsed->Instantiate(sql, *shape);
}

TEST(StatementTemplateTest, AnInstanceIsWhatTheParserMakes) {
  const std::pair<const char*, const char*> kCases[] = {
      {"SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 123456"},
      {"SELECT max(a + 1) AS m FROM t WHERE b = 'x' AND c = 2 LIMIT 5",
       "SELECT max(a + 100) AS m FROM t WHERE b = 'a longer ''text''' AND c = 2 LIMIT 12345"},
      {"SELECT -5, - 7, 1.5, .5e3, 'x', interval '1h', timestamp '2024-01-01'",
       "SELECT -9223372036854775808, - 18446744073709551616, 22.25e-1, .1, '', interval '90 "
       "minutes', "
       "timestamp '2024-02-03 04:05:06'"},
      {"SELECT 1,\n  2 + a,\n  b\nFROM d.t\nWHERE c IN (3, 4) -- 5 'six'\n  AND d BETWEEN 7 AND 8",
       "SELECT 1000,\n  2 + a,\n  b\nFROM d.t\nWHERE c IN (3000, 4) -- 5 'six'\n  AND d BETWEEN 70 "
       "AND "
       "80"},
      {"EXPLAIN ANALYZE WITH c AS (SELECT 1 AS x), d AS (SELECT x + 2 AS y FROM c) SELECT DISTINCT "
       "ON "
       "(y % 3) * FROM (SELECT y FROM d WHERE y > 4 LIMIT 5) AS q WHERE y < 6 GROUP BY 7 HAVING 8 "
       "> "
       "y ORDER BY 9 DESC NULLS LAST, y + 10 LIMIT 11 OFFSET 12",
       "EXPLAIN ANALYZE WITH c AS (SELECT 11111 AS x), d AS (SELECT x + 222 AS y FROM c) SELECT "
       "DISTINCT "
       "ON (y % 33) * FROM (SELECT y FROM d WHERE y > 44444 LIMIT 5555) AS q WHERE y < 66 GROUP BY "
       "7777 "
       "HAVING 8 > y ORDER BY 99999 DESC NULLS LAST, y + 1 LIMIT 1 OFFSET 1"},
      {"SELECT t1.a2, \"3'x\" FROM t1 WHERE a2 = 4 /* 5 ' */ OR f6(7)::int64 = CAST('8' AS string)",
       "SELECT t1.a2, \"3'x\" FROM t1 WHERE a2 = 44 /* 5 ' */ OR f6(77)::int64 = CAST('' AS "
       "string)"},
      {"SELECT CASE WHEN a > 1 THEN 'x' ELSE 'yy' END, count(*) FROM t",
       "SELECT CASE WHEN a > 11 THEN 'xxx' ELSE '' END, count(*) FROM t"},
      {"SELECT interval /* '2h' */ '1h'", "SELECT interval /* '2h' */ '10 minutes'"},
  };
  for (const auto& [other, sql] : kCases) {
    const auto instance = Through(other, sql);
    ASSERT_NE(instance, nullptr) << sql;
    EXPECT_EQ(Dump::Of(*instance), Dump::Of(*Parse(sql))) << sql;
  }
}

TEST(StatementTemplateTest, RandomLiteralsGiveWhatTheParserMakes) {
  std::mt19937_64 random(7);
  const auto literal = [&](char kind) {
    const std::string number = std::to_string(random() >> (random() % 64));
    if (kind == 'i') return number;
    if (kind == 'd') return number + "." + std::to_string(random() % 1000);
    std::string text = "'";
    for (size_t i = random() % 20; i > 0; --i)
      text += random() % 9 == 0 ? std::string("''") : std::string(1, static_cast<char>('a' + i));
    return text + "'";
  };
  // i, d and s in angle brackets are literals.
  const std::string pattern =
      "SELECT a, <s> AS x,\n b * <d> - <i> FROM t WHERE c IN (<s>, <s>) AND\n\n d > -<i> OR e LIKE "
      "<s> "
      "GROUP BY b + <i>, f(<d>, <s>)\nORDER BY a + <i> LIMIT <i>";
  const auto fill = [&] {
    std::string sql;
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] == '<') {
        sql += literal(pattern[i + 1]);
        i += 2;
      } else {
        sql += pattern[i];
      }
    }
    return sql;
  };
  for (int i = 0; i < 200; ++i) {
    const std::string sql = fill();
    const auto instance = Through(fill(), sql);
    ASSERT_NE(instance, nullptr) << sql;
    ASSERT_EQ(Dump::Of(*instance), Dump::Of(*Parse(sql))) << sql;
  }
}

TEST(StatementTemplateTest, KindsOfLiteralsAreShapes) {
  const auto key = [](const char* sql) { return FindShape(sql)->key; };
  EXPECT_EQ(key("SELECT 1"), key("SELECT 22"));
  EXPECT_NE(key("SELECT 1"), key("SELECT 1.0"));
  EXPECT_NE(key("SELECT 1"), key("SELECT 1e3"));
  EXPECT_NE(key("SELECT 1"), key("SELECT '1'"));
  EXPECT_NE(key("SELECT 1"), key("SELECT  1"));
  EXPECT_NE(key("SELECT a1, 2"), key("SELECT a3, 2"));
  EXPECT_NE(key("SELECT 1 -- 2"), key("SELECT 1 -- 3"));
}

TEST(StatementTemplateTest, KeepsOutOfWhatIsHardToFollow) {
  for (const char* sql : {"SELECT a", "SELECT 'a\nb'", "SELECT 'ä'", "SELECT 'a", "SELECT 1 /* a",
                          "SELECT \"a, 1", "SELECT \x01i, 1"}) {
    EXPECT_FALSE(FindShape(sql).has_value()) << sql;
  }
}

TEST(StatementTemplateTest, LeavesLiteralsThatCannotBeReadToTheParser) {
  EXPECT_EQ(Through("SELECT interval '1h'", "SELECT interval '1 parsec'"), nullptr);
  EXPECT_EQ(Through("SELECT 1e3", "SELECT 1e999"), nullptr);
  ASSERT_FALSE(
      std::holds_alternative<QueryError>(ParseStatementCached("SELECT interval '1h' + a")));
  const ParseResult result = ParseStatementCached("SELECT interval '1 parsec' + a");
  ASSERT_TRUE(std::holds_alternative<QueryError>(result));
  EXPECT_EQ(std::get<QueryError>(result).column, 17U);
}

TEST(StatementTemplateTest, SharesWhatDoesNotChange) {
  const std::string other = "SELECT max(a) FROM t WHERE b = '2016'";
  const std::string sql = "SELECT max(a) FROM t WHERE b = '2017'";
  const auto shape = FindShape(other);
  const auto parsed = Parse(other);
  const auto instance =
      StatementTemplate::Make(parsed, other, *shape)->Instantiate(sql, *FindShape(sql));
  const auto select = [](const Statement& statement) {
    return std::get<std::shared_ptr<const AstSelect>>(statement);
  };
  EXPECT_EQ(select(*instance)->items[0].expr, select(*parsed)->items[0].expr);
  EXPECT_NE(select(*instance)->where, select(*parsed)->where);
}

}  // namespace
}  // namespace stria::query
