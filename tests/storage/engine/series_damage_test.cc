// A series file that is damaged or gone: its series come back from the parts, the log and the other
// files, and everything else is served as if nothing had happened.

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/line_protocol.h"
#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kSeries = "data/shard/0/series";
constexpr const char* kQuarantine = "data/shard/0/quarantine";

struct DamagedSeries : SimulatedEngine {
  /// A disk that another engine has left: names of files must be others than its.
  void Take(const std::map<std::string, std::vector<std::byte>>& disk) {
    for (const auto& [name, bytes] : disk)
      files.Put(name, bytes);
    for (int i = 0; i < 1000; ++i)
      random.Next();
  }

  void Close() {
    engine.reset();
    files.Restart();
  }

  std::vector<std::string> SeriesFilePaths() {
    const auto names = files.List(kSeries);
    EXPECT_TRUE(names.has_value());
    std::vector<std::string> paths;
    for (const auto& name : names.has_value() ? *names : std::vector<std::string>())
      paths.push_back(std::string(kSeries) + "/" + name);
    return paths;
  }

  Rows All(const std::string& table) {
    const auto rows = ReadRows(*engine, table);
    EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
    return rows.has_value() ? *rows : Rows();
  }

  std::vector<HealthEntry> OfSeries() {
    auto entries = engine->HealthEntries();
    std::erase_if(entries, [](const HealthEntry& entry) {
      return entry.component != HealthComponent::kSeries || entry.state == HealthState::kOk;
    });
    return entries;
  }
};

// Two series files, two tables; series in parts, in parts and the log, and in the log alone.
struct TwoFiles : DamagedSeries {
  TwoFiles() {
    Open();
    EXPECT_TRUE(Write("t,h=a v=1i 1\nt,h=b,x=1 v=2i 2\nu,k=z v=1i 1").status.ok());
    EXPECT_TRUE(engine->Flush().ok());
    EXPECT_TRUE(Write("t,h=c v=3i 3\nt,h=a v=3i 3\nu,k=y v=2i 2\nu v=7i 7").status.ok());
    EXPECT_TRUE(engine->Flush().ok());
    EXPECT_TRUE(Write("t,h=c v=4i 4\nt,h=d v=4i 4\nu,k=z v=4i 4").status.ok());
    t = All("t");
    u = All("u");
    EXPECT_EQ(t.size(), 6U);
    EXPECT_EQ(u.size(), 4U);
    Close();
    paths = SeriesFilePaths();
    EXPECT_EQ(paths.size(), 2U);
  }

  void ExpectAllIsServed() {
    EXPECT_EQ(All("t"), t);
    EXPECT_EQ(All("u"), u);
  }

  Rows t, u;
  std::vector<std::string> paths;
};

TEST(SeriesDamageTest, IsKeptApartAndReportedAndTheSeriesComeBack) {
  for (const size_t file : {0U, 1U}) {
    TwoFiles db;
    auto& bytes = db.files.BytesOf(db.paths[file]);
    bytes[bytes.size() / 2] ^= std::byte{1};
    const auto damaged = bytes;
    const std::string name = db.paths[file].substr(std::string(kSeries).size() + 1);
    db.Open();
    db.ExpectAllIsServed();
    EXPECT_THAT(db.OfSeries(), Contains(AllOf(Field(&HealthEntry::state, HealthState::kQuarantined),
                                              Field(&HealthEntry::what, HasSubstr(name)),
                                              Field(&HealthEntry::detail, HasSubstr("checksum")))));
    EXPECT_THAT(db.log_lines, Contains(HasSubstr(name)));
    EXPECT_EQ(db.files.BytesOf(std::string(kQuarantine) + "/series-" + name), damaged);
    EXPECT_EQ(db.SeriesFilePaths().size(), 1U) << "a new one took the place of both";
    // The new file is as good as any: what is kept is all that is still told of.
    db.log_lines.clear();
    db.Restart();
    db.ExpectAllIsServed();
    EXPECT_THAT(db.log_lines, Not(Contains(HasSubstr("shard/0/series/"))));
  }
}

TEST(SeriesDamageTest, EveryFlippedByteIsSurvived) {
  const TwoFiles model;
  const auto files = model.files.AllFiles();
  for (const std::string& path : model.paths) {
    for (size_t i = 0; i < files.at(path).size(); i += 3) {
      SCOPED_TRACE(path + " at " + std::to_string(i));
      DamagedSeries db;
      db.Take(files);
      db.files.BytesOf(path)[i] ^= std::byte{0x10};
      db.Open();
      ASSERT_NE(db.engine, nullptr);
      ASSERT_EQ(db.All("t"), model.t);
      ASSERT_EQ(db.All("u"), model.u);
      ASSERT_THAT(db.OfSeries(), Not(IsEmpty()));
    }
  }
}

TEST(SeriesDamageTest, AFileThatIsGoneOrCutShortIsMadeAnew) {
  for (const size_t left : {0U, 1U, 40U}) {
    TwoFiles db;
    if (left == 0) {
      ASSERT_TRUE(db.files.Remove(db.paths[0]).ok());
    } else {
      db.files.BytesOf(db.paths[0]).resize(left);
    }
    for (int start = 0; start < 2; ++start) {
      db.Open();
      db.ExpectAllIsServed();
      EXPECT_TRUE(start > 0 || !db.OfSeries().empty());
      db.Close();
    }
  }
}

TEST(SeriesDamageTest, BothFilesAtOnceAreMadeAnew) {
  TwoFiles db;
  for (const std::string& path : db.paths)
    db.files.BytesOf(path)[9] ^= std::byte{4};
  db.Open();
  db.ExpectAllIsServed();
  EXPECT_EQ(db.OfSeries().size(), 2U);
}

TEST(SeriesDamageTest, WritingGoesOnAndNoIdMeansTwoSeries) {
  TwoFiles db;
  db.files.BytesOf(db.paths[0])[20] ^= std::byte{4};
  db.Open();
  ASSERT_TRUE(db.Write("t,h=e v=5i 5\nt,h=a v=5i 5\nu,k=x v=5i 5").status.ok());
  db.t[{"h=a", 5}]["v"] = db.t[{"h=e", 5}]["v"] = "5i";
  db.u[{"k=x", 5}]["v"] = "5i";
  db.ExpectAllIsServed();
  db.Restart();
  db.ExpectAllIsServed();
  ASSERT_TRUE(db.engine->Flush().ok());
  db.Restart();
  db.ExpectAllIsServed();
}

TEST(SeriesDamageTest, ARebuildThatIsCutOffAtAnyCallIsDoneByTheNextStart) {
  TwoFiles model;
  model.files.BytesOf(model.paths[0])[20] ^= std::byte{4};
  const auto files = model.files.AllFiles();
  for (uint64_t call = 1;; ++call) {
    ASSERT_LT(call, 200U);
    SCOPED_TRACE(call);
    DamagedSeries db;
    db.Take(files);
    db.files.FailAt(call, StatusCode::kIoError, true);
    auto opened = Engine::Open(
        db.options,
        {.files = &db.files, .clock = &db.clock, .random = &db.random, .executor = &db.executor});
    const bool is_done = !db.files.failed();
    opened = Status(StatusCode::kIoError, "closed");
    db.files.Crash(FaultFileSystem::Unsynced::kTorn);
    db.Open();
    ASSERT_NE(db.engine, nullptr);
    ASSERT_EQ(db.All("t"), model.t);
    ASSERT_EQ(db.All("u"), model.u);
    if (is_done) break;
  }
}

TEST(SeriesDamageTest, ADamagedPartBesideItStopsTheStartAndBothAreNamed) {
  TwoFiles db;
  db.files.BytesOf(db.paths[0])[20] ^= std::byte{4};
  const auto parts = db.files.List("data/shard/0/part");
  ASSERT_TRUE(parts.has_value());
  for (const auto& name : *parts) {
    auto& bytes = db.files.BytesOf("data/shard/0/part/" + name);
    bytes[bytes.size() - 20] ^= std::byte{4};
  }
  const auto opened = Engine::Open(
      db.options,
      {.files = &db.files, .clock = &db.clock, .random = &db.random, .executor = &db.executor});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(opened.error().message()),
              AllOf(HasSubstr("series file"), HasSubstr("part")));
}

// The index knows a series from the moment that its row is bound, and so does the cache of texts.
// When the record is then not written, its number must not be used before another introduces it.
TEST(UnloggedSeriesTest, ANumberWhoseRecordFailedIsNotUsedWithoutItsKey) {
  for (const StatusCode code : {StatusCode::kDiskFull, StatusCode::kIoError}) {
    for (uint64_t call = 1; call <= 8; ++call) {
      SCOPED_TRACE(call);
      DamagedSeries db;
      db.Open();
      Rows acknowledged;
      const auto write = [&](const std::string& host, int64_t time) {
        const KnownSeries known = db.engine->SeriesOf("db");
        const std::string text = "t,h=" + host + " v=1i " + std::to_string(time) + "\n" +
                                 "t,h=" + host + " v=1i " + std::to_string(time + 1) + "\n";
        auto decoded = ingest::DecodeLineProtocol(text, {.known = &known});
        const auto result = db.engine->Write(
            {.database = "db", .batches = std::move(decoded.batches), .keep_alive = {}});
        if (!result.status.ok()) return;
        acknowledged[{"h=" + host, time}]["v"] = acknowledged[{"h=" + host, time + 1}]["v"] = "1i";
      };
      write("a", 0);
      db.files.FailAt(call, code);
      write("b", 10);
      write("b", 20);
      db.files.FailNever();
      for (int64_t time = 30; time < 80; time += 10)
        write("b", time);
      db.Restart();
      const Rows rows = db.All("t");
      for (const auto& [key, fields] : acknowledged) {
        const auto found = rows.find(key);
        ASSERT_NE(found, rows.end()) << key.first << "@" << key.second;
        EXPECT_EQ(found->second, fields);
      }
      for (const auto& [key, fields] : rows)
        EXPECT_TRUE(key.first == "h=a" || key.first == "h=b") << key.first;
      for (const auto& entry : db.engine->HealthEntries())
        EXPECT_NE(entry.state, HealthState::kQuarantined) << entry.what << ": " << entry.detail;
    }
  }
}

TEST(SeriesKeyLimitTest, TagsThatAreTooLongAreRefusedWithTheirRowsOnly) {
  DamagedSeries db;
  db.Open();
  for (const size_t size : {(size_t{128} << 10) + 1, size_t{5} << 20}) {
    WriteRequest request = LinesRequest("t,h=a v=1i 1\nt,h=b v=2i 2");
    ASSERT_EQ(request.batches.size(), 1U);
    ASSERT_EQ(request.batches[0].series.size(), 2U);
    const std::string value(size, 'x');
    std::vector<TagView> tags = {{"h", value}};
    request.batches[0].series[1].key = *MakeSeriesKey(tags);
    const WriteResult result = db.engine->Write(std::move(request));
    EXPECT_TRUE(result.status.ok()) << result.status.ToString();
    EXPECT_EQ(result.rows_written, 1U);
    EXPECT_EQ(result.rows_rejected, 1U);
    ASSERT_EQ(result.rejections.size(), 1U);
    EXPECT_THAT(result.rejections[0].reason, HasSubstr("at most 131072 are allowed"));
  }
  EXPECT_EQ(db.All("t").size(), 1U);
}

}  // namespace
}  // namespace stria::storage
