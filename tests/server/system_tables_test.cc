#include "server/system_tables/system_tables.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/bind/function_catalog.h"
#include "tests/server/server_fixture.h"

namespace stria::server {
namespace {

TEST(SystemTablesTest, EachRowHasAValueForEachColumnOfItsType) {
  ServerFixture server(SettingTexts{{"storage.shards", "2"}});
  server.Post("/write?db=db", "m,device=a f=1,s=\"x\" 1\nn f=1 1");
  server.Post("/api/v1/flush");
  query::VirtualTableRegistry tables;
  const Settings settings;
  RejectLog rejects(storage::PosixFileSystem(), "unused", {});
  RejectedLine rejected;
  rejected.line = "m f=\"x\" 1";
  rejects.Add({rejected});
  AddSystemTables(tables, server.engine(), settings, rejects);
  EXPECT_EQ(tables.tables().size(), 9U);
  for (const auto& table : tables.tables()) {
    EXPECT_FALSE(table->description().empty()) << table->name();
    const auto rows = table->Rows();
    ASSERT_TRUE(rows.has_value()) << table->name();
    EXPECT_FALSE(rows->empty()) << table->name();
    for (const auto& row : *rows) {
      ASSERT_EQ(row.size(), table->columns().size()) << table->name();
      for (size_t i = 0; i < row.size(); ++i)
        EXPECT_EQ(row[i].type, table->columns()[i].type)
            << table->name() << '.' << table->columns()[i].name;
    }
  }
}

TEST(SystemTablesTest, TablesTellWhatTheyHold) {
  ServerFixture server;
  server.Post("/write?db=db", "m,device=a f=1 1\nm,device=b f=2 2000000000");
  server.Post("/api/v1/flush");
  server.Post("/write?db=db", "m,device=b f=2 3000000000");
  EXPECT_EQ(
      server.Sql("SELECT database, table, rows, rows_in_memory, series, columns, parts, min_time, "
                 "max_time, partition FROM system.tables"),
      "database,table,rows,rows_in_memory,series,columns,parts,min_time,max_time,partition\r\n"
      "db,m,3,1,2,3,1,1970-01-01T00:00:00.000000001Z,1970-01-01T00:00:03.000000000Z,"
      "1d 00:00:00\r\n");
}

TEST(SystemTablesTest, PartsTellWhereTheyLie) {
  ServerFixture server;
  server.Post("/write?db=db", "m f=1 1\nm f=1 2");
  server.Post("/api/v1/flush");
  EXPECT_EQ(
      server.Sql("SELECT database, table, shard, tier, rows, min_time, max_time, seq_min, seq_max "
                 "FROM system.parts"),
      "database,table,shard,tier,rows,min_time,max_time,seq_min,seq_max\r\n"
      "db,m,0,hot,2,1970-01-01T00:00:00.000000001Z,1970-01-01T00:00:00.000000002Z,1,1\r\n");
  EXPECT_EQ(
      server.Sql(
          "SELECT count(*) AS count FROM system.parts WHERE file LIKE '%.part' AND bytes > 0"),
      "count\r\n1\r\n");
}

TEST(SystemTablesTest, ColumnsTellRoleAndType) {
  ServerFixture server;
  server.Post("/write?db=db", "m,device=a f=1,n=1i,u=1u,b=t,s=\"x\" 1");
  EXPECT_EQ(server.Sql("SELECT column, role, type FROM system.columns WHERE table = 'm'"),
            "column,role,type\r\ntime,time,timestamp\r\ndevice,tag,string\r\nf,field,float64\r\n"
            "n,field,int64\r\nu,field,uint64\r\nb,field,bool\r\ns,field,string\r\n");
}

TEST(SystemTablesTest, SettingsTellWhatIsInForce) {
  ServerFixture server(SettingTexts{{"query.max_rows", "5"}});
  EXPECT_EQ(server.Sql("SELECT value, default_value, is_default FROM system.settings WHERE name = "
                       "'query.max_rows'"),
            "value,default_value,is_default\r\n5,0,false\r\n");
}

TEST(SystemTablesTest, FunctionsListWhatTheBinderKnows) {
  ServerFixture server;
  const size_t num_functions = query::ListSqlFunctions().size();
  EXPECT_EQ(server.Sql("SELECT count(*) AS count FROM system.functions"),
            "count\r\n" + std::to_string(num_functions) + "\r\n");
  EXPECT_EQ(server.Sql("SELECT DISTINCT kind FROM system.functions WHERE name IN ('avg', 'round') "
                       "ORDER BY kind"),
            "kind\r\naggregate\r\nscalar\r\n");
}

TEST(SystemTablesTest, ShardsShareTheSlots) {
  ServerFixture server(SettingTexts{{"storage.shards", "4"}});
  EXPECT_EQ(server.Sql("SELECT count(*) AS count, sum(slots) AS sum FROM system.shards"),
            "count,sum\r\n4,4096\r\n");
}

}  // namespace
}  // namespace stria::server
