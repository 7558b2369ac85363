// DELETE and DROP as statements: what they say they did, and who may. What they do to rows is in
// tests/sql/delete.

#include <gtest/gtest.h>

#include "tests/query/session/query_harness.h"

namespace stria::query {
namespace {

void WriteMeters(QueryHarness& harness) {
  harness.Write(
      "meters,host=a,site=x v=1i 1704067200000000000\n"
      "meters,host=b,site=x v=2i 1704067201000000000\n"
      "meters,host=b,site=y v=3i 1704067202000000000\n");
}

TEST(DeleteRowsTest, SaysWhatItDeletedBy) {
  QueryHarness harness;
  WriteMeters(harness);
  EXPECT_EQ(
      harness.Run("DELETE FROM meters WHERE time >= '2025-01-01' AND time < '2026-01-01'").note,
      "deleted from plant.meters: 2025");
  const CollectingSink by_tag = harness.Run("DELETE FROM meters WHERE host = 'a'");
  EXPECT_FALSE(by_tag.failed);
  EXPECT_EQ(by_tag.columns.size(), 0U);
  EXPECT_EQ(by_tag.note, "deleted from plant.meters: host in ('a')");
  EXPECT_EQ(
      harness.Run("DELETE FROM meters WHERE time < '2024-01-01' AND time > '2024-01-01'").note,
      "nothing deleted from plant.meters: no time satisfies that");
  EXPECT_EQ(harness.Rows("SELECT v FROM meters ORDER BY v"), "2\n3\n");
  EXPECT_EQ(harness.Run("DELETE FROM meters WHERE true").note,
            "deleted from plant.meters: all rows");
  EXPECT_EQ(harness.Run("SELECT * FROM meters").note, "0 rows: plant.meters is empty");
}

TEST(DeleteRowsTest, DropsSayWhatTheyDropped) {
  QueryHarness harness;
  WriteMeters(harness);
  EXPECT_EQ(harness.Run("ALTER TABLE meters DROP COLUMN v").note, "column \"v\" dropped");
  EXPECT_EQ(harness.Run("ALTER TABLE meters DROP COLUMN IF EXISTS v").note,
            "column \"v\" was not there");
  EXPECT_EQ(harness.Run("DROP TABLE meters").note, "table \"meters\" dropped");
  EXPECT_EQ(harness.Run("DROP TABLE IF EXISTS meters").note, "table \"meters\" was not there");
  EXPECT_EQ(harness.Run("DROP DATABASE plant").note, "database \"plant\" dropped");
  EXPECT_EQ(harness.Run("DROP DATABASE IF EXISTS plant").note, "database \"plant\" was not there");
}

TEST(DeleteRowsTest, DeletesNoRowThatItsUserCannotSee) {
  QueryHarness harness;
  WriteMeters(harness);
  QueryRequest request = harness.Request("DELETE FROM meters WHERE host = 'b'");
  request.access = [](Access access, std::string_view, std::string_view) -> Result<RowFilter> {
    if (access != Access::kRead) return RowFilter();
    storage::TagPredicate site;
    site.tag = "site";
    site.values = {"x"};
    return RowFilter{site};
  };
  EXPECT_FALSE(harness.Run(request).failed);
  EXPECT_EQ(harness.Rows("SELECT v FROM meters ORDER BY v"), "1\n3\n");
}

TEST(DeleteRowsTest, WhoMayReadMayNotDeleteOrDropForThat) {
  QueryHarness harness;
  WriteMeters(harness);
  for (const char* sql :
       {"DELETE FROM meters WHERE true", "DROP TABLE meters", "DROP TABLE IF EXISTS meters",
        "ALTER TABLE meters DROP COLUMN v", "DROP DATABASE plant"}) {
    QueryRequest request = harness.Request(sql);
    request.access = [](Access access, std::string_view, std::string_view) -> Result<RowFilter> {
      if (access == Access::kRead) return RowFilter();
      return Status(StatusCode::kPermissionDenied, "no");
    };
    const CollectingSink answer = harness.Run(request);
    EXPECT_TRUE(answer.failed) << sql;
    EXPECT_EQ(answer.error.code, "forbidden") << sql;
  }
  EXPECT_EQ(harness.Rows("SELECT v FROM meters ORDER BY v"), "1\n2\n3\n");
}

}  // namespace
}  // namespace stria::query
