#include "storage/catalog/catalog.h"

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/types/series_key.h"
#include "storage/types/time_range.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kMaxColumns = 1000;
constexpr Lineage kLineage{.high = 11, .low = 22};

CatalogEdit::NewColumn Tag(std::string name) {
  return {.name = std::move(name), .role = ColumnRole::kTag, .type = DataType::kString};
}
CatalogEdit::NewColumn Field(std::string name, DataType type = DataType::kFloat64) {
  return {.name = std::move(name), .role = ColumnRole::kField, .type = type};
}

CatalogEdit OneTable(std::string database, std::string table,
                     std::vector<CatalogEdit::NewColumn> columns) {
  CatalogEdit edit;
  edit.tables.push_back({.database = std::move(database),
                         .table = std::move(table),
                         .partition_ns = 0,
                         .columns = std::move(columns)});
  return edit;
}

std::vector<std::string> NamesOf(const TableSchemaPtr& table) {
  std::vector<std::string> names;
  for (const auto& column : table->columns)
    names.push_back(column.name);
  return names;
}

// Everything that a catalog says, as text: two that agree in it are equal.
std::string Describe(const CatalogSnapshot& catalog) {
  std::string text = std::to_string(catalog.num_shards()) + " shards\n";
  for (const auto& database : catalog.databases()) {
    text += database.name + " " + std::to_string(database.id.value()) + "\n";
  }
  for (const auto& table : catalog.Tables()) {
    text += table->database + "." + table->name + " " + std::to_string(table->id.value()) + " " +
            std::to_string(table->partition_ns) + " " + std::to_string(table->limits.max_series) +
            " " + std::to_string(table->limits.max_columns);
    for (const auto& column : table->columns) {
      text += " " + column.name + ":" + std::to_string(column.id.value()) + ":" +
              std::to_string(static_cast<int>(column.role)) + ":" +
              std::to_string(static_cast<int>(column.type));
    }
    text += "\n";
  }
  return text;
}

struct OpenCatalog {
  explicit OpenCatalog(FileSystem& files) : catalog(files, "catalog") {
    const Status status = catalog.Open(1, kLineage);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  Catalog catalog;

  Catalog* operator->() { return &catalog; }
};

TEST(CatalogTest, IsEmptyAtFirst) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  EXPECT_THAT(catalog->current()->databases(), IsEmpty());
  EXPECT_THAT(catalog->current()->Tables(), IsEmpty());
  EXPECT_EQ(catalog->current()->Find("a", "b"), nullptr);
  EXPECT_EQ(catalog->current()->Find(TableId(1)), nullptr);
}

TEST(CatalogTest, KeepsShardsAndLineageOfItsFirstStart) {
  FaultFileSystem files;
  {
    Catalog catalog(files, "catalog");
    ASSERT_TRUE(catalog.Open(4, kLineage).ok());
  }
  Catalog catalog(files, "catalog");
  ASSERT_TRUE(catalog.Open(1, {.high = 3, .low = 4}).ok());
  EXPECT_EQ(catalog.current()->num_shards(), 4U);
  EXPECT_EQ(catalog.current()->lineage(), kLineage);
}

TEST(CatalogTest, TakesOneShardForNoneAndRefusesMoreThanSlots) {
  FaultFileSystem files;
  Catalog many(files, "catalog");
  const Status status = many.Open(kNumSlots + 1, kLineage);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  Catalog none(files, "catalog");
  ASSERT_TRUE(none.Open(0, kLineage).ok());
  EXPECT_EQ(none.current()->num_shards(), 1U);
}

TEST(CatalogTest, MakesDatabaseTableAndColumnsInOneRecord) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  const size_t num_records = files.List("catalog")->size();
  ASSERT_TRUE(
      catalog->Commit(OneTable("plant", "cpu", {Tag("host"), Field("user")}), kMaxColumns).ok());
  EXPECT_EQ(files.List("catalog")->size(), num_records + 1);
  const auto table = catalog->current()->Find("plant", "cpu");
  ASSERT_NE(table, nullptr);
  EXPECT_THAT(NamesOf(table), ElementsAre("time", "host", "user"));
  EXPECT_EQ(table->columns[0].role, ColumnRole::kTime);
  EXPECT_EQ(table->columns[2].id, ColumnId(2));
  EXPECT_EQ(table->partition_ns, kNsPerDay);
  EXPECT_EQ(catalog->current()->Find(table->id), table);
  EXPECT_TRUE(catalog->current()->HasDatabase("plant"));
}

TEST(CatalogTest, AddsColumnsBehindThoseThatAreThere) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("a")}), kMaxColumns).ok());
  const auto before = catalog->current();
  ASSERT_TRUE(
      catalog->Commit(OneTable("d", "t", {Field("a"), Tag("b"), Field("c")}), kMaxColumns).ok());
  EXPECT_THAT(NamesOf(catalog->current()->Find("d", "t")), ElementsAre("time", "a", "b", "c"));
  EXPECT_THAT(NamesOf(before->Find("d", "t")), ElementsAre("time", "a"))
      << "a snapshot never changes";
}

TEST(CatalogTest, WritesNewColumnsAndNotTheOldOnesAgain) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  std::vector<CatalogEdit::NewColumn> columns;
  for (int i = 0; i < 1000; ++i)
    columns.push_back(Field("a_name_of_some_length_" + std::to_string(i)));
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", columns), 2 * kMaxColumns).ok());
  const size_t num_records = files.List("catalog")->size();
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("one")}), 2 * kMaxColumns).ok());
  const auto names = *files.List("catalog");
  ASSERT_EQ(names.size(), num_records + 1);
  EXPECT_LT(files.BytesOf("catalog/" + std::ranges::max(names)).size(), 100U);
  const OpenCatalog again(files);
  const auto table = again.catalog.current()->Find("d", "t");
  EXPECT_EQ(table->columns.size(), 1002U);
  EXPECT_EQ(table->columns.back().id, ColumnId(1001));
  EXPECT_EQ(table->next_column_id, 1002U);
}

TEST(CatalogTest, FirstTypeOfAColumnWins) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(
      catalog->Commit(OneTable("d", "t", {Field("a", DataType::kInt64)}), kMaxColumns).ok());
  const size_t num_records = files.List("catalog")->size();
  ASSERT_TRUE(
      catalog->Commit(OneTable("d", "t", {Field("a", DataType::kString)}), kMaxColumns).ok());
  ASSERT_TRUE(
      catalog->Commit(OneTable("d", "t", {Field("time", DataType::kInt64)}), kMaxColumns).ok());
  const auto table = catalog->current()->Find("d", "t");
  EXPECT_EQ(table->Find("a")->type, DataType::kInt64);
  EXPECT_EQ(table->Find("time")->type, DataType::kTimestamp);
  EXPECT_EQ(files.List("catalog")->size(), num_records) << "nothing new costs no record";
}

TEST(CatalogTest, TakesAColumnNamedTwiceInOneEditOnce) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog
                  ->Commit(OneTable("d", "t", {Field("a", DataType::kInt64), Tag("a"), Field("b")}),
                           kMaxColumns)
                  .ok());
  EXPECT_THAT(NamesOf(catalog->current()->Find("d", "t")), ElementsAre("time", "a", "b"));
}

TEST(CatalogTest, RefusesAColumnOverTheLimitAndChangesNothing) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  CatalogEdit edit = OneTable("d", "first", {Field("x")});
  edit.tables.push_back(
      {.database = "d", .table = "t", .columns = {Field("a"), Field("b"), Field("one_more")}});
  const Status status = catalog->Commit(edit, 2);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("d.t"));
  EXPECT_THAT(status.message(), HasSubstr("may have 2 columns"));
  EXPECT_THAT(status.message(), HasSubstr("\"one_more\""));
  EXPECT_THAT(catalog->current()->Tables(), IsEmpty());
  EXPECT_FALSE(catalog->current()->HasDatabase("d"));
  edit.tables[1].columns.pop_back();
  EXPECT_TRUE(catalog->Commit(edit, 2).ok());
}

TEST(CatalogTest, NamesThatJoinToTheSameTextStayApart) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  using std::string_literals::operator""s;
  ASSERT_TRUE(catalog->Commit(OneTable("a", "\0b"s, {Field("x")}), kMaxColumns).ok());
  ASSERT_TRUE(catalog->Commit(OneTable("a\0"s, "b", {Field("y")}), kMaxColumns).ok());
  ASSERT_TRUE(catalog->Commit(OneTable("", "a\0b"s, {Field("z")}), kMaxColumns).ok());
  EXPECT_EQ(catalog->current()->Tables().size(), 3U);
  EXPECT_THAT(NamesOf(catalog->current()->Find("a\0"s, "b")), ElementsAre("time", "y"));
}

TEST(CatalogTest, ListsTablesByName) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  for (const auto& [database, table] :
       std::vector<std::pair<std::string, std::string>>{{"b", "z"}, {"a", "y"}, {"b", "x"}}) {
    ASSERT_TRUE(catalog->Commit(OneTable(database, table, {Field("f")}), kMaxColumns).ok());
  }
  std::vector<std::string> all, some;
  for (const auto& table : catalog->current()->Tables())
    all.push_back(table->database + "." + table->name);
  for (const auto& table : catalog->current()->Tables("b"))
    some.push_back(table->name);
  EXPECT_THAT(all, ElementsAre("a.y", "b.x", "b.z"));
  EXPECT_THAT(some, ElementsAre("x", "z"));
}

TEST(CatalogTest, ShortNamesStayUniqueWhenATableGrows) {
  // Names short enough to lie inside the column: a map of views into them must not outlive a move.
  FaultFileSystem files;
  OpenCatalog catalog(files);
  for (int i = 0; i < 50; ++i) {
    std::vector<CatalogEdit::NewColumn> columns;
    for (int c = 0; c <= i; ++c)
      columns.push_back(Field("c" + std::to_string(c)));
    ASSERT_TRUE(catalog->Commit(OneTable("d", "t", columns), kMaxColumns).ok());
    ASSERT_EQ(catalog->current()->Find("d", "t")->columns.size(), static_cast<size_t>(i) + 2);
  }
}

TEST(CatalogTest, ComesBackTheSameAfterARestartAtAnyTime) {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  std::cout << "STRIA_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t end) { return random() % end; };
  FaultFileSystem files;
  auto catalog = std::make_unique<OpenCatalog>(files);
  std::map<std::string, uint32_t> ids;  // Of tables, to see that none changes.
  for (int step = 0; step < 400; ++step) {
    CatalogEdit edit;
    const uint64_t num_changes = below(4);
    for (uint64_t i = 0; i < num_changes; ++i) {
      CatalogEdit::TableChange change;
      change.database = "d" + std::to_string(below(4));
      change.table = "t" + std::to_string(below(40));
      change.partition_ns = below(2) == 0 ? 0 : 3600 * kNsPerSecond;
      const uint64_t num_columns = below(5);
      for (uint64_t c = 0; c < num_columns; ++c) {
        const std::string name = "c" + std::to_string(below(30));
        change.columns.push_back(below(3) == 0 ? Tag(name)
                                               : Field(name, static_cast<DataType>(1 + below(5))));
      }
      edit.tables.push_back(std::move(change));
    }
    if (below(8) == 0) edit.databases.push_back("d" + std::to_string(below(6)));
    ASSERT_TRUE((*catalog)->Commit(edit, kMaxColumns).ok());
    if (const auto tables = (*catalog)->current()->Tables(); !tables.empty() && below(3) == 0) {
      const auto& table = tables[below(tables.size())];
      TableOptionsChange options;
      if (below(2) == 0) options.max_series = below(3);
      if (below(2) == 0) options.max_columns = static_cast<uint32_t>(below(2) * kMaxColumns);
      if (below(2) == 0) options.partition_ns = static_cast<int64_t>(below(3)) * kNsPerDay;
      ASSERT_TRUE(
          (*catalog)->SetOptions(table->database, table->name, options, 5 * kNsPerDay).ok());
    }
    for (const auto& table : (*catalog)->current()->Tables()) {
      const auto [known, added] =
          ids.emplace(table->database + "." + table->name, table->id.value());
      ASSERT_EQ(known->second, table->id.value()) << known->first;
    }
    if (below(10) != 0) continue;
    const std::string before = Describe(*(*catalog)->current());
    const uint32_t next_table = (*catalog)->current()->next_table_id();
    catalog = std::make_unique<OpenCatalog>(files);
    ASSERT_EQ(Describe(*(*catalog)->current()), before) << "step " << step;
    ASSERT_EQ((*catalog)->current()->next_table_id(), next_table);
  }
}

TEST(CatalogTest, TenThousandTablesInOneCommitAndThousandsOneByOne) {
  // No clock: a catalog that copied all tables for each commit would run into the test's timeout.
  FaultFileSystem files;
  {
    OpenCatalog catalog(files);
    CatalogEdit edit;
    for (int i = 0; i < 10'000; ++i) {
      edit.tables.push_back({.database = "d" + std::to_string(i % 2000),
                             .table = "t" + std::to_string(i),
                             .columns = {Tag("host"), Field("value")}});
    }
    ASSERT_TRUE(catalog->Commit(edit, kMaxColumns).ok());
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(
          catalog
              ->Commit(OneTable("singles", "t" + std::to_string(i), {Field("value")}), kMaxColumns)
              .ok());
    }
  }
  OpenCatalog catalog(files);
  EXPECT_EQ(catalog->current()->Tables().size(), 12'000U);
  EXPECT_EQ(catalog->current()->databases().size(), 2001U);
  EXPECT_NE(catalog->current()->Find("singles", "t1999"), nullptr);
  EXPECT_LE(files.List("catalog")->size(), 129U);
}

TEST(CatalogTest, AfterACrashHoldsEveryCommitThatSucceeded) {
  for (const auto unsynced :
       {FaultFileSystem::Unsynced::kDropNames, FaultFileSystem::Unsynced::kKeepNames}) {
    for (uint64_t call = 1;; ++call) {
      FaultFileSystem files;
      files.FailAt(call, StatusCode::kIoError, /*dies=*/true);
      int num_committed = 0;
      {
        Catalog catalog(files, "catalog");
        bool alive = catalog.Open(1, kLineage).ok();
        while (alive && num_committed < 5) {
          const std::string name = "t" + std::to_string(num_committed);
          alive = catalog.Commit(OneTable("d", name, {Field("x")}), kMaxColumns).ok();
          ASSERT_EQ(catalog.current()->Find("d", name) != nullptr, alive)
              << "seen if and only if durable";
          num_committed += alive ? 1 : 0;
        }
      }
      const bool reached = files.failed();
      files.Crash(unsynced);
      OpenCatalog catalog(files);
      const auto num_tables = static_cast<int>(catalog->current()->Tables().size());
      EXPECT_GE(num_tables, num_committed) << "call " << call;
      EXPECT_LE(num_tables, num_committed + (reached ? 1 : 0)) << "call " << call;
      if (!reached) break;
    }
  }
}

TEST(CatalogTest, TakesNoMoreAfterAnErrorOfTheDisk) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  files.FailAt(3);
  EXPECT_EQ(catalog->Commit(OneTable("d", "t", {Field("x")}), kMaxColumns).code(),
            StatusCode::kIoError);
  files.FailNever();
  EXPECT_EQ(catalog->Commit(OneTable("d", "u", {Field("x")}), kMaxColumns).code(),
            StatusCode::kIoError);
  EXPECT_THAT(catalog->current()->Tables(), IsEmpty());
}

TEST(CatalogTest, GoesOnWhenAFullDiskHasRoomAgain) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  files.FailAt(2, StatusCode::kDiskFull);
  EXPECT_EQ(catalog->Commit(OneTable("d", "t", {Field("x")}), kMaxColumns).code(),
            StatusCode::kDiskFull);
  EXPECT_TRUE(catalog->Commit(OneTable("d", "t", {Field("x")}), kMaxColumns).ok());
}

TEST(CatalogTest, SaysThatItIsFencedWhenAnotherOwnerCommitted) {
  FaultFileSystem files;
  OpenCatalog ours(files);
  OpenCatalog theirs(files);
  ASSERT_TRUE(theirs->Commit(OneTable("d", "t", {Field("x")}), kMaxColumns).ok());
  EXPECT_EQ(ours->Commit(OneTable("d", "t", {Field("x")}), kMaxColumns).code(),
            StatusCode::kAlreadyExists);
}

TEST(CatalogTest, ReadersSeeWholeCommitsWhileOthersWrite) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 3; ++writer) {
    threads.emplace_back([&catalog, writer] {
      for (int i = 0; i < 100; ++i) {
        // All writers race for the same tables; each commit makes a pair.
        CatalogEdit edit =
            OneTable("d", "a" + std::to_string(i), {Field("f" + std::to_string(writer))});
        edit.tables.push_back(
            {.database = "d", .table = "b" + std::to_string(i), .columns = {Field("x")}});
        ASSERT_TRUE(catalog->Commit(edit, kMaxColumns).ok());
      }
    });
  }
  threads.emplace_back([&catalog] {
    for (int i = 0; i < 2000; ++i) {
      const auto snapshot = catalog->current();
      ASSERT_EQ(snapshot->Tables().size() % 2, 0U);
    }
  });
  threads.clear();
  EXPECT_EQ(catalog->current()->Tables().size(), 200U);
  for (const auto& table : catalog->current()->Tables("d"))
    EXPECT_EQ(table->columns.size(), table->name[0] == 'a' ? 4U : 2U);
}

// The same catalog, opened again.
void ExpectSameAfterRestart(FileSystem& files, OpenCatalog& catalog) {
  OpenCatalog again(files);
  EXPECT_EQ(Describe(*again->current()), Describe(*catalog->current()));
  EXPECT_EQ(again->current()->next_table_id(), catalog->current()->next_table_id());
  EXPECT_EQ(again->current()->next_database_id(), catalog->current()->next_database_id());
}

NewTable Small(std::string name) {
  return {
      .database = "d",
      .name = std::move(name),
      .columns = {{.id = {}, .name = "host", .role = ColumnRole::kTag, .type = DataType::kString},
                  {.id = {}, .name = "v", .role = ColumnRole::kField, .type = DataType::kInt64}},
      .options = {}};
}

TEST(CatalogOptionsTest, ATableIsMadeWithItsColumnsAndOptions) {
  FaultFileSystem files;
  {
    OpenCatalog catalog(files);
    ASSERT_TRUE(catalog->Commit({.databases = {"d"}, .tables = {}}, kMaxColumns).ok());
    NewTable table = Small("t");
    table.options = {.partition_ns = 7 * kNsPerDay, .max_series = 5, .max_columns = 2};
    ASSERT_TRUE(catalog->CreateTable(table, kNsPerDay, kMaxColumns).ok());
    ASSERT_TRUE(catalog->CreateTable(Small("plain"), kNsPerDay, kMaxColumns).ok());
  }
  OpenCatalog catalog(files);
  const auto table = catalog->current()->Find("d", "t");
  ASSERT_NE(table, nullptr);
  EXPECT_THAT(NamesOf(table), ElementsAre("time", "host", "v"));
  EXPECT_EQ(table->columns[1].id, ColumnId(1));
  EXPECT_EQ(table->partition_ns, 7 * kNsPerDay);
  EXPECT_EQ(table->limits, (TableLimits{.max_series = 5, .max_columns = 2}));
  const auto plain = catalog->current()->Find("d", "plain");
  EXPECT_EQ(plain->partition_ns, kNsPerDay);
  EXPECT_EQ(plain->limits, TableLimits());
}

TEST(CatalogOptionsTest, ATableIsNotMadeTwiceNorWithoutItsDatabaseNorWithTooManyColumns) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  EXPECT_EQ(catalog->CreateTable(Small("t"), kNsPerDay, kMaxColumns).code(), StatusCode::kNotFound);
  ASSERT_TRUE(catalog->Commit({.databases = {"d"}, .tables = {}}, kMaxColumns).ok());
  EXPECT_EQ(catalog->CreateTable(Small("t"), kNsPerDay, 1).code(), StatusCode::kResourceExhausted);
  ASSERT_TRUE(catalog->CreateTable(Small("t"), kNsPerDay, kMaxColumns).ok());
  EXPECT_EQ(catalog->CreateTable(Small("t"), kNsPerDay, kMaxColumns).code(),
            StatusCode::kAlreadyExists);
}

TEST(CatalogOptionsTest, ALimitOfItsOwnCountsMoreThanThatOfTheServer) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("a")}), 1).ok());
  ASSERT_TRUE(catalog->SetOptions("d", "t", {.max_columns = 2}, kNsPerDay).ok());
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("b")}), 1).ok());
  const Status status = catalog->Commit(OneTable("d", "t", {Field("c")}), kMaxColumns);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("d.t may have 2 columns; column \"c\""));
}

TEST(CatalogOptionsTest, OptionsStayWhenColumnsComeAndGo) {
  FaultFileSystem files;
  {
    OpenCatalog catalog(files);
    ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("a")}), kMaxColumns).ok());
    const TableOptionsChange options{.partition_ns = 7 * kNsPerDay, .max_series = 9};
    ASSERT_TRUE(catalog->SetOptions("d", "t", options, kNsPerDay).ok());
    ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("b")}), kMaxColumns).ok());
    ASSERT_TRUE(catalog->DropColumn("d", "t", "a").ok());
  }
  OpenCatalog catalog(files);
  const auto table = catalog->current()->Find("d", "t");
  EXPECT_EQ(table->partition_ns, 7 * kNsPerDay);
  EXPECT_EQ(table->limits.max_series, 9U);
  // Zero takes an option back; what is as it was costs no record.
  const size_t num_records = files.List("catalog")->size();
  ASSERT_TRUE(catalog->SetOptions("d", "t", {.max_series = 9}, kNsPerDay).ok());
  EXPECT_EQ(files.List("catalog")->size(), num_records);
  const TableOptionsChange none{.partition_ns = 0, .max_series = 0, .max_columns = 0};
  ASSERT_TRUE(catalog->SetOptions("d", "t", none, kNsPerDay).ok());
  EXPECT_EQ(catalog->current()->Find("d", "t")->limits, TableLimits());
  EXPECT_EQ(catalog->current()->Find("d", "t")->partition_ns, kNsPerDay);
  EXPECT_EQ(catalog->SetOptions("d", "u", none, kNsPerDay).code(), StatusCode::kNotFound);
}

TEST(CatalogDropTest, ATableThatIsMadeAnewIsAnother) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Tag("host"), Field("f")}), kMaxColumns).ok());
  const auto first = catalog->current()->Find("d", "t");
  ASSERT_TRUE(catalog->DropTable("d", "t").ok());
  EXPECT_EQ(catalog->current()->Find("d", "t"), nullptr);
  EXPECT_EQ(catalog->current()->Find(first->id), nullptr);
  EXPECT_TRUE(catalog->current()->HasDatabase("d"));
  EXPECT_EQ(catalog->current()->num_tables_dropped(), 1U);
  ExpectSameAfterRestart(files, catalog);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("g")}), kMaxColumns).ok());
  const auto second = catalog->current()->Find("d", "t");
  EXPECT_GT(second->id.value(), first->id.value());
  EXPECT_THAT(NamesOf(second), ElementsAre("time", "g"));
  ExpectSameAfterRestart(files, catalog);
}

TEST(CatalogDropTest, ADatabaseGoesWithItsTablesAndNoOther) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("f")}), kMaxColumns).ok());
  ASSERT_TRUE(catalog->Commit(OneTable("d", "u", {Field("f")}), kMaxColumns).ok());
  ASSERT_TRUE(catalog->Commit(OneTable("dd", "t", {Field("f")}), kMaxColumns).ok());
  const auto id = catalog->current()->databases()[0].id;
  ASSERT_TRUE(catalog->DropDatabase("d").ok());
  EXPECT_FALSE(catalog->current()->HasDatabase("d"));
  ASSERT_EQ(catalog->current()->Tables().size(), 1U);
  EXPECT_EQ(catalog->current()->Tables()[0]->database, "dd");
  ExpectSameAfterRestart(files, catalog);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("f")}), kMaxColumns).ok());
  EXPECT_GT(catalog->current()->databases()[0].id, id);
}

TEST(CatalogDropTest, AColumnThatIsMadeAnewIsAnotherAndMayHaveAnotherType) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(
      catalog->Commit(OneTable("d", "t", {Field("f"), Tag("host"), Field("g")}), kMaxColumns).ok());
  ASSERT_TRUE(catalog->DropColumn("d", "t", "g").ok());
  EXPECT_THAT(NamesOf(catalog->current()->Find("d", "t")), ElementsAre("time", "f", "host"));
  ExpectSameAfterRestart(files, catalog);
  ASSERT_TRUE(
      catalog->Commit(OneTable("d", "t", {Field("g", DataType::kString)}), kMaxColumns).ok());
  const auto* column = catalog->current()->Find("d", "t")->Find("g");
  EXPECT_EQ(column->id, ColumnId(4)) << "3 was the first g";
  EXPECT_EQ(column->type, DataType::kString);
  ExpectSameAfterRestart(files, catalog);
}

TEST(CatalogDropTest, OnlyFieldsCanBeDropped) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Tag("host"), Field("f")}), kMaxColumns).ok());
  const auto before = catalog->current();
  const Status tag = catalog->DropColumn("d", "t", "host");
  EXPECT_EQ(tag.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(tag.message()), HasSubstr("\"host\" of d.t is a tag"));
  EXPECT_EQ(catalog->DropColumn("d", "t", "time").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(catalog->current(), before);
}

TEST(CatalogDropTest, WhatIsNotThereIsNamed) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("f")}), kMaxColumns).ok());
  const auto before = catalog->current();
  const auto expect = [&](const Status& status, const char* text) {
    EXPECT_EQ(status.code(), StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  };
  expect(catalog->DropTable("d", "u"), "table \"u\" not found in d");
  expect(catalog->DropTable("e", "t"), "table \"t\" not found in e");
  expect(catalog->DropDatabase("e"), "database \"e\"");
  expect(catalog->DropColumn("d", "t", "g"), "column \"g\" not found in d.t");
  expect(catalog->DropColumn("d", "u", "g"), "table \"u\"");
  EXPECT_EQ(catalog->current(), before);
}

TEST(CatalogDropTest, IdsAreNotGivenAgainThoughASnapshotHasForgottenWhatHadThem) {
  FaultFileSystem files;
  uint32_t last_table = 0, last_database = 0;
  for (int i = 0; i < 200; ++i) {
    OpenCatalog catalog(files);  // A start takes the snapshot, where there is one.
    ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("f")}), kMaxColumns).ok());
    const auto table = catalog->current()->Find("d", "t");
    ASSERT_GT(table->id.value(), last_table);
    ASSERT_GT(table->database_id.value(), last_database);
    last_table = table->id.value();
    last_database = table->database_id.value();
    ASSERT_TRUE(catalog->DropDatabase("d").ok());
  }
}

TEST(CatalogDropTest, ADropThatIsNotDurableHasNotHappened) {
  FaultFileSystem files;
  OpenCatalog catalog(files);
  ASSERT_TRUE(catalog->Commit(OneTable("d", "t", {Field("f")}), kMaxColumns).ok());
  files.SetCapacity(0);
  EXPECT_EQ(catalog->DropTable("d", "t").code(), StatusCode::kDiskFull);
  EXPECT_NE(catalog->current()->Find("d", "t"), nullptr);
  files.SetCapacity(1 << 20);
  EXPECT_TRUE(catalog->DropTable("d", "t").ok());
}

// Records whose checksum is right and whose content is not.
class CatalogDamageTest : public ::testing::Test {
 protected:
  // Writes `entries` as the record after the server's own and opens the catalog.
  Status OpenWith(const std::vector<std::byte>& entries) {
    FaultFileSystem files;
    { OpenCatalog catalog(files); }
    NumberedLog log(files, "catalog");
    EXPECT_TRUE(log.Open([](auto, auto) { return Status::Ok(); }).ok());
    EXPECT_TRUE(log.AppendEdit(entries).ok());
    Catalog catalog(files, "catalog");
    return catalog.Open(1, kLineage);
  }

  static void AppendDatabase(uint64_t id, std::string_view name, std::vector<std::byte>& record) {
    AppendInteger<uint8_t>(2, record);
    AppendVarint(id, record);
    AppendString(name, record);
  }
  struct Column {
    uint64_t id;
    std::string_view name;
    uint8_t role, type;
  };
  static void AppendTable(uint64_t id, std::string_view name, int64_t partition_ns,
                          const std::vector<Column>& columns, std::vector<std::byte>& record) {
    AppendInteger<uint8_t>(3, record);
    AppendVarint(id, record);
    AppendVarint(1, record);
    AppendString("d", record);
    AppendString(name, record);
    AppendInteger(partition_ns, record);
    AppendVarint(kNextColumnId, record);
    AppendVarint(columns.size(), record);
    for (const auto& column : columns) {
      AppendVarint(column.id, record);
      AppendString(column.name, record);
      AppendInteger(column.role, record);
      AppendInteger(column.type, record);
    }
  }
  static void AppendDrop(uint8_t entry, uint64_t id, std::vector<std::byte>& record) {
    AppendInteger(entry, record);
    AppendVarint(id, record);
  }
  static constexpr uint64_t kNextColumnId = 10;
  static constexpr Column kTime{0, "time", static_cast<uint8_t>(ColumnRole::kTime),
                                static_cast<uint8_t>(DataType::kTimestamp)};
  static constexpr Column kField{1, "f", static_cast<uint8_t>(ColumnRole::kField),
                                 static_cast<uint8_t>(DataType::kFloat64)};
};

TEST_F(CatalogDamageTest, AcceptsWhatTheWriterWrites) {
  std::vector<std::byte> record;
  AppendDatabase(1, "d", record);
  AppendTable(1, "t", 1, {kTime, kField}, record);
  EXPECT_TRUE(OpenWith(record).ok());
}

TEST_F(CatalogDamageTest, RefusesEveryPrefixThatIsNotWholeEntries) {
  std::vector<std::byte> database, whole;
  AppendDatabase(1, "d", database);
  whole = database;
  AppendTable(1, "t", 1, {kTime, kField}, whole);
  for (size_t size = 1; size < whole.size(); ++size) {
    if (size == database.size()) continue;
    const Status status =
        OpenWith({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_EQ(status.code(), StatusCode::kCorruption) << size << " bytes";
  }
}

TEST_F(CatalogDamageTest, RefusesAnEntryThatItDoesNotKnow) {
  for (const int entry : {0, 9, 255}) {
    EXPECT_EQ(OpenWith({static_cast<std::byte>(entry)}).code(), StatusCode::kCorruption) << entry;
  }
}

TEST_F(CatalogDamageTest, RefusesTablesThatCannotBe) {
  const auto expect_refused = [&](std::string_view what, uint64_t id, int64_t partition_ns,
                                  const std::vector<Column>& columns) {
    std::vector<std::byte> record;
    AppendDatabase(1, "d", record);
    AppendTable(id, "t", partition_ns, columns, record);
    EXPECT_EQ(OpenWith(record).code(), StatusCode::kCorruption) << what;
  };
  expect_refused("no time", 1, 1, {kField});
  expect_refused("no columns", 1, 1, {});
  expect_refused("no partition", 1, 0, {kTime, kField});
  expect_refused("id out of range", UINT32_MAX, 1, {kTime, kField});
  expect_refused("ids not ascending", 1, 1, {kTime, kField, kField});
  expect_refused("an id that is to be given", 1, 1, {kTime, {kNextColumnId, "f", kField.role, 1}});
  expect_refused("role", 1, 1, {kTime, {1, "f", 9, 0}});
  expect_refused("type", 1, 1, {kTime, {1, "f", kField.role, 99}});
}

TEST_F(CatalogDamageTest, RefusesTwoTablesOfOneNameOrOneId) {
  std::vector<std::byte> same_name, same_id;
  AppendTable(1, "t", 1, {kTime}, same_name);
  AppendTable(2, "t", 1, {kTime}, same_name);
  EXPECT_EQ(OpenWith(same_name).code(), StatusCode::kCorruption);
  AppendTable(1, "t", 1, {kTime}, same_id);
  AppendTable(1, "u", 1, {kTime}, same_id);
  EXPECT_EQ(OpenWith(same_id).code(), StatusCode::kCorruption);
}

TEST_F(CatalogDamageTest, RefusesToDropWhatIsNotThere) {
  std::vector<std::byte> table, twice, database;
  AppendDatabase(1, "d", table);
  AppendDrop(5, 1, table);
  EXPECT_EQ(OpenWith(table).code(), StatusCode::kCorruption);
  AppendTable(1, "t", 1, {kTime}, twice);
  AppendDrop(5, 1, twice);
  EXPECT_TRUE(OpenWith(twice).ok());
  AppendDrop(5, 1, twice);
  EXPECT_EQ(OpenWith(twice).code(), StatusCode::kCorruption);
  AppendDrop(6, 1, database);
  EXPECT_EQ(OpenWith(database).code(), StatusCode::kCorruption);
}

TEST_F(CatalogDamageTest, RefusesOptionsThatItDoesNotKnowAndThoseOfNoTable) {
  const auto open_with = [&](uint64_t table, uint8_t option, uint64_t value) {
    std::vector<std::byte> record;
    AppendDatabase(1, "d", record);
    AppendTable(1, "t", 1, {kTime, kField}, record);
    AppendInteger<uint8_t>(7, record);
    AppendVarint(table, record);
    AppendVarint(1, record);
    AppendInteger(option, record);
    AppendVarint(value, record);
    return OpenWith(record).code();
  };
  EXPECT_EQ(open_with(1, 1, 1ULL << 40), StatusCode::kOk);
  EXPECT_EQ(open_with(1, 2, 100), StatusCode::kOk);
  EXPECT_EQ(open_with(1, 2, 1ULL << 40), StatusCode::kCorruption);
  EXPECT_EQ(open_with(1, 3, 1), StatusCode::kCorruption);
  EXPECT_EQ(open_with(2, 1, 1), StatusCode::kCorruption);
}

TEST_F(CatalogDamageTest, RefusesNewColumnsThatCannotBe) {
  const auto open_with = [&](uint64_t table, uint64_t next_column, const Column& column) {
    std::vector<std::byte> record;
    AppendDatabase(1, "d", record);
    AppendTable(1, "t", 1, {kTime, kField}, record);
    AppendInteger<uint8_t>(8, record);
    AppendVarint(table, record);
    AppendVarint(next_column, record);
    AppendVarint(1, record);
    AppendVarint(column.id, record);
    AppendString(column.name, record);
    AppendInteger(column.role, record);
    AppendInteger(column.type, record);
    return OpenWith(record).code();
  };
  EXPECT_EQ(open_with(1, 20, {10, "g", kField.role, 1}), StatusCode::kOk);
  EXPECT_EQ(open_with(2, 20, {10, "g", kField.role, 1}), StatusCode::kCorruption) << "no table";
  EXPECT_EQ(open_with(1, 20, {1, "g", kField.role, 1}), StatusCode::kCorruption) << "id of f";
  EXPECT_EQ(open_with(1, 20, {20, "g", kField.role, 1}), StatusCode::kCorruption) << "to be given";
  EXPECT_EQ(open_with(1, 20, {10, "g", kField.role, 99}), StatusCode::kCorruption) << "type";
}

TEST_F(CatalogDamageTest, RefusesADatabaseThatIsMadeTwice) {
  std::vector<std::byte> record;
  AppendDatabase(1, "d", record);
  AppendDatabase(2, "d", record);
  EXPECT_EQ(OpenWith(record).code(), StatusCode::kCorruption);
}

TEST_F(CatalogDamageTest, RefusesANumberOfShardsThatCannotBe) {
  for (const uint64_t shards : {uint64_t{0}, uint64_t{kNumSlots} + 1, uint64_t{UINT32_MAX}}) {
    std::vector<std::byte> record;
    AppendInteger<uint8_t>(1, record);
    AppendVarint(shards, record);
    AppendInteger<uint64_t>(1, record);
    AppendInteger<uint64_t>(2, record);
    EXPECT_EQ(OpenWith(record).code(), StatusCode::kCorruption) << shards;
  }
}

}  // namespace
}  // namespace stria::storage
