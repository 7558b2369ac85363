// What the binder refuses, with the code, the place and the words that it says.

#include <string>

#include <gtest/gtest.h>

#include "tests/query/bind/plant.h"

namespace stria::query {
namespace {

struct ErrorCase {
  const char* sql;
  const char* code;
  uint32_t line, column;
  const char* message;
  const char* hint;  // Part of it; "" = anything.
};

const ErrorCase kCases[] = {
    // Names.
    {"SELECT temprature FROM readings", "unknown_column", 1, 8,
     "column \"temprature\" not found in plant.readings", "Did you mean \"temperature\"?"},
    {"SELECT device\nFROM readings\nWHERE zzz = 1", "unknown_column", 3, 7,
     "column \"zzz\" not found in plant.readings", "columns are time, device, line, site, "},
    {"SELECT max(temprature) FROM readings", "unknown_column", 1, 12,
     "column \"temprature\" not found in plant.readings", "temperature"},
    {"SELECT cpu.device FROM readings", "unknown_column", 1, 8,
     "column \"cpu.device\" not found in plant.readings", "write readings.device"},
    {"SELECT r.devise FROM readings AS r", "unknown_column", 1, 8,
     "column \"r.devise\" not found in plant.readings", "device"},
    {"SELECT 1 FROM readngs", "unknown_table", 1, 15, "table \"readngs\" not found in plant",
     "Did you mean \"readings\"?"},
    {"SELECT 1 FROM plant.readngs", "unknown_table", 1, 21, "table \"readngs\" not found in plant",
     "Did you mean \"readings\"?"},
    {"SELECT 1 FROM meters", "unknown_table", 1, 15, "table \"meters\" not found in plant",
     "there is one in another database: other.meters"},
    {"SELECT 1 FROM qqqqqq", "unknown_table", 1, 15, "table \"qqqqqq\" not found in plant",
     "SHOW TABLES"},
    {"SELECT 1 FROM plnat.readings", "unknown_database", 1, 15, "database \"plnat\" not found",
     "Did you mean \"plant\"?"},
    {"SELECT 1 FROM system.colours", "unknown_table", 1, 22,
     "table \"colours\" not found in system", "Did you mean \"colors\"?"},
    {"DESCRIBE readngs", "unknown_table", 1, 10, "table \"readngs\" not found in plant",
     "readings"},
    {"SHOW TABLES FROM plnat", "unknown_database", 1, 18, "database \"plnat\" not found",
     "Did you mean \"plant\"?"},
    {"SELECT devise FROM (SELECT device FROM readings)", "unknown_column", 1, 8,
     "column \"devise\" not found in the subquery", "Did you mean \"device\"?"},
    {"WITH c AS (SELECT device FROM readings) SELECT site FROM c", "unknown_column", 1, 48,
     "column \"site\" not found in c", "columns are device"},
    {"SELECT a FROM (SELECT 1 AS a, 2 AS a) AS q", "invalid_argument", 1, 8,
     "column \"a\" is ambiguous: q has several of that name", "AS"},
    {"SELECT *", "invalid_argument", 1, 8, "SELECT * needs a FROM", ""},
    {"CREATE DATABASE system", "invalid_argument", 1, 17,
     "the name \"system\" belongs to the server", ""},

    // Groups.
    {"SELECT device, temperature FROM readings GROUP BY device", "invalid_argument", 1, 16,
     "column \"temperature\" is neither in GROUP BY nor in an aggregate",
     "write last(temperature)"},
    {"SELECT device, max(temperature) FROM readings", "invalid_argument", 1, 8,
     "column \"device\" is neither in GROUP BY nor in an aggregate", "add it to GROUP BY"},
    {"SELECT max(count) + count FROM readings", "invalid_argument", 1, 21,
     "column \"count\" is neither in GROUP BY nor in an aggregate", ""},
    {"SELECT upper(device), upper(site) FROM readings GROUP BY upper(device)", "invalid_argument",
     1, 29, "column \"site\" is neither in GROUP BY nor in an aggregate", ""},
    {"SELECT *, count(*) FROM readings GROUP BY device", "invalid_argument", 1, 8,
     "column \"time\" is neither in GROUP BY nor in an aggregate", ""},
    {"SELECT device FROM readings GROUP BY device HAVING temperature > 1", "invalid_argument", 1,
     52, "column \"temperature\" is neither in GROUP BY nor in an aggregate", ""},
    {"SELECT device FROM readings GROUP BY device ORDER BY site", "invalid_argument", 1, 54,
     "column \"site\" is neither in GROUP BY nor in an aggregate", ""},
    {"SELECT device FROM readings WHERE max(temperature) > 1", "invalid_argument", 1, 35,
     "max() cannot stand in WHERE", "HAVING"},
    {"SELECT 1 FROM readings GROUP BY max(temperature)", "invalid_argument", 1, 33,
     "max() cannot stand in GROUP BY", ""},
    {"SELECT max(temperature) AS m FROM readings GROUP BY m", "invalid_argument", 1, 8,
     "max() cannot stand in GROUP BY", ""},
    {"SELECT max(min(temperature)) FROM readings", "invalid_argument", 1, 12,
     "min() cannot stand in the argument of an aggregate", ""},
    {"SELECT device FROM readings GROUP BY 2", "invalid_argument", 1, 38,
     "GROUP BY position 2 is not in the select list", "the select list has 1 expression"},
    {"SELECT * FROM readings GROUP BY 1", "invalid_argument", 1, 33, "GROUP BY position 1 is *",
     "name the columns"},

    // Order and distinct.
    {"SELECT device FROM readings ORDER BY 0", "invalid_argument", 1, 38,
     "ORDER BY position 0 is not in the select list", ""},
    {"SELECT device FROM readings ORDER BY max(temperature)", "invalid_argument", 1, 8,
     "column \"device\" is neither in GROUP BY nor in an aggregate", ""},
    {"SELECT DISTINCT device FROM readings ORDER BY site", "invalid_argument", 1, 47,
     "ORDER BY site is not in the select list of SELECT DISTINCT", "add it"},
    {"SELECT DISTINCT ON (device) * FROM readings ORDER BY time DESC, device", "invalid_argument",
     1, 54, "ORDER BY has to begin with the expressions of DISTINCT ON: time comes before device",
     "ORDER BY device, time"},
    {"SELECT 1 LIMIT -1", "invalid_argument", 1, 16,
     "LIMIT has to be a whole number, 0 or more; found -1", ""},
    {"SELECT 1 LIMIT 1.5", "invalid_argument", 1, 16,
     "LIMIT has to be a whole number, 0 or more; found 1.5", ""},
    {"SELECT device FROM readings OFFSET device", "invalid_argument", 1, 36,
     "OFFSET has to be a whole number, 0 or more; found device", ""},

    // Types.
    {"SELECT 1 FROM readings WHERE temperature", "type_conflict", 1, 30,
     "WHERE needs a condition; temperature is float64", ""},
    {"SELECT 1 FROM readings WHERE device = 5", "type_conflict", 1, 30,
     "device is string and 5 is int64: they cannot be compared", "quotes"},
    {"SELECT sum(device) FROM readings", "type_conflict", 1, 12,
     "sum() needs numbers or intervals; device is string", ""},
    {"SELECT device + 1 FROM readings", "type_conflict", 1, 8,
     "device + 1: there is no such arithmetic for string and int64", ""},
    {"SELECT 1 FROM readings WHERE time > 'yesterday'", "invalid_argument", 1, 30, "", ""},
    {"SELECT time_bucket('1 fortnight', time) FROM readings", "invalid_argument", 1, 20, "", ""},
    {"SELECT CAST(device AS number) FROM readings", "parse", 1, 8, "there is no type \"number\"",
     "timestamp, float64"},
    {"SELECT 1 FROM readings WHERE device LIKE site", "invalid_argument", 1, 42,
     "the pattern of LIKE has to be a literal", ""},
    {"SELECT min(temperature, pressure) FROM readings", "invalid_argument", 1, 8,
     "min() takes one value", ""},
    {"SELECT sum(*) FROM readings", "invalid_argument", 1, 8, "sum() takes a value, not *", ""},
    {"SELECT last(DISTINCT device) FROM readings", "invalid_argument", 1, 8,
     "last() takes no DISTINCT: its values belong to rows", ""},
    {"SELECT percentile(count, 95) FROM readings", "invalid_argument", 1, 26,
     "percentile() takes a fraction from 0 to 1, not 95", "the 95th percentile is 0.95"},
    {"SELECT percentile(count, count) FROM readings", "invalid_argument", 1, 26,
     "percentile() needs a constant number here; count is none", ""},
    {"SELECT approx_percentile(device, 0.5) FROM readings", "type_conflict", 1, 26,
     "approx_percentile() needs numbers; device is string", ""},
    {"SELECT median(count) OVER () FROM readings", "invalid_argument", 1, 8,
     "median() takes no OVER", "GROUP BY"},
    {"SELECT histogram(count, 5, 5, 3) FROM readings", "invalid_argument", 1, 28,
     "histogram() needs a low end below its high end; 5 is not below 5", ""},
    {"SELECT histogram(count, 0, 5, 2.5) FROM readings", "invalid_argument", 1, 31,
     "histogram() takes from 1 to 10000 buckets, not 2.5", ""},
    {"SELECT rate(count, count) FROM readings", "type_conflict", 1, 20,
     "rate(value, time) needs a timestamp; count is int64", ""},
    {"SELECT min_by(count) FROM readings", "invalid_argument", 1, 8,
     "min_by() takes a value and what to go by", ""},
    {"SELECT last(color) FROM system.colors", "invalid_argument", 1, 8,
     "last() needs a time to go by, and system.colors has no column \"time\"", "last(value, time)"},
    {"ALTER TABLE system.colors SET (max_series = 1)", "invalid_argument", 1, 13,
     "the tables of system are computed when they are read; nobody makes them", ""},
    {"SELECT 1 FROM readings WHERE device ~ '(a'", "invalid_argument", 1, 39,
     "no regular expression, missing ): (a: (a", ""},
    {"SELECT time_bukket('1h', time) FROM readings", "invalid_argument", 1, 8,
     "no function \"time_bukket\". Did you mean \"time_bucket\"?", ""},
};

TEST(BinderErrorTest, SaysWhatIsWrongAndWhere) {
  Plant plant;
  for (const auto& expected : kCases) {
    const QueryError error = plant.Error(expected.sql);
    EXPECT_EQ(error.code, expected.code) << expected.sql;
    EXPECT_EQ(error.line, expected.line) << expected.sql;
    EXPECT_EQ(error.column, expected.column) << expected.sql << "\n" << error.message;
    if (*expected.message != '\0') {
      EXPECT_EQ(error.message, expected.message) << expected.sql;
    }
    EXPECT_FALSE(error.message.empty()) << expected.sql;
    EXPECT_NE(error.hint.find(expected.hint), std::string::npos)
        << expected.sql << "\nhint: " << error.hint;
  }
}

TEST(BinderErrorTest, AsksForADatabaseWhereNoneIsGiven) {
  Plant plant;
  const QueryError error = plant.Error("SELECT 1 FROM readings", "");
  EXPECT_EQ(error.code, "unknown_database");
  EXPECT_EQ(error.message, "no database is chosen");
  EXPECT_EQ(error.column, 15U);
}

TEST(BinderErrorTest, RefusesQueriesNestedTooDeeply) {
  Plant plant;
  const auto chain = [](int length) {
    std::string sql = "WITH c0 AS (SELECT device FROM readings)";
    for (int i = 1; i < length; ++i) {
      const std::string before = std::to_string(i - 1);
      sql += ", c" + std::to_string(i) + " AS (SELECT device FROM c" + before + ")";
    }
    return sql;
  };
  for (const char* from : {" SELECT * FROM c99", " SELECT 1"}) {
    EXPECT_EQ(plant.Error(chain(100) + from).message, "queries are nested more than 64 deep");
  }
  EXPECT_NE(plant.Plan(chain(61) + " SELECT * FROM c60"), nullptr);
}

TEST(BinderErrorTest, RefusesKeysWithoutEnd) {
  Plant plant;
  std::string keys = "device";
  for (int i = 0; i < 256; ++i)
    keys += ", temperature + " + std::to_string(i);
  EXPECT_EQ(plant.Error("SELECT 1 FROM readings GROUP BY " + keys).message,
            "GROUP BY has more than 256 expressions");
  EXPECT_EQ(plant.Error("SELECT 1 FROM readings ORDER BY " + keys).message,
            "ORDER BY has more than 256 expressions");
  EXPECT_EQ(plant.Error("SELECT DISTINCT ON (" + keys + ") 1 FROM readings").message,
            "DISTINCT ON has more than 256 expressions");
}

TEST(BinderErrorTest, DoesNotTellWhoMayNotReadWhetherATableIsThere) {
  Plant plant;
  plant.SetAccess([](Access, std::string_view, std::string_view table) -> Result<RowFilter> {
    return Status(StatusCode::kPermissionDenied, "not " + std::string(table));
  });
  for (const char* table : {"readings", "nothing", "system.colors", "nowhere.t"}) {
    const QueryError error = plant.Error("SELECT 1 FROM " + std::string(table));
    EXPECT_EQ(error.code, "forbidden") << table;
    EXPECT_EQ(error.column, 15U) << table;
  }
  EXPECT_EQ(plant.Error("DESCRIBE readings").code, "forbidden");
  EXPECT_EQ(plant.Error("CREATE DATABASE d").code, "forbidden");
  EXPECT_EQ(plant.Error("EXPLAIN SELECT 1 FROM (SELECT 1 FROM readings)").code, "forbidden");
}

TEST(BinderErrorTest, HintsDoNotNameWhatMayNotBeSeen) {
  Plant plant;
  EXPECT_EQ(plant.Error("SELECT 1 FROM redings").hint, "Did you mean \"readings\"?");
  plant.SetAccess(
      [](Access, std::string_view database, std::string_view table) -> Result<RowFilter> {
        if (table == "readings" || database == "other")
          return Status(StatusCode::kPermissionDenied, "no");
        return RowFilter{};
      });
  const std::string neutral = "SHOW TABLES lists them; the first write makes one";
  EXPECT_EQ(plant.Error("SELECT 1 FROM redings").hint, neutral);
  EXPECT_EQ(plant.Error("SELECT 1 FROM meters").hint, neutral);
  EXPECT_EQ(plant.Error("SHOW TABLES FROM othr").hint,
            "SHOW DATABASES lists them; a write makes one");
}

}  // namespace
}  // namespace stria::query
