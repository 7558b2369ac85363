// Damage on the disk: what is damaged is kept apart and named, the rest is served, and nothing that
// was acknowledged goes silently.

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/wal/wal_format.h"
#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kWal = "data/shard/0/wal";
constexpr const char* kParts = "data/shard/0/part";
constexpr const char* kQuarantine = "data/shard/0/quarantine";

struct DamagedEngine : SimulatedEngine {
  void Close() {
    engine.reset();
    files.Restart();
  }

  /// The one file of `directory` that is not a log segment nobody uses.
  std::string OnlyFile(const std::string& directory) {
    std::string only;
    const auto names = files.List(directory);
    EXPECT_TRUE(names.has_value());
    for (const auto& name : names.has_value() ? *names : std::vector<std::string>()) {
      if (name.starts_with("spare")) continue;
      EXPECT_EQ(only, "") << "more than one file in " << directory;
      only = name;
    }
    return directory + "/" + only;
  }

  /// Flips a bit in the payload of record `seq` of the first segment.
  void DamageRecord(uint64_t seq) {
    auto& bytes = files.BytesOf(std::string(kWal) + "/" + WalSegmentName(1));
    const auto header = DecodeAnyWalSegmentHeader(bytes);
    ASSERT_TRUE(header.has_value());
    for (size_t block = kWalBlockBytes; block < bytes.size(); block += kWalBlockBytes) {
      const auto frame = DecodeWalFrame(std::span(bytes).subspan(block), header->nonce);
      if (!frame.has_value() || frame->seq != seq) continue;
      bytes[block + kWalFrameHeaderBytes + 1] ^= std::byte{4};
      return;
    }
    FAIL() << "no record " << seq;
  }

  std::vector<HealthEntry> Quarantined() {
    auto entries = engine->HealthEntries();
    std::erase_if(
        entries, [](const HealthEntry& entry) { return entry.state != HealthState::kQuarantined; });
    return entries;
  }

  std::vector<std::string> Keys(const std::string& table) {
    std::vector<std::string> keys;
    const auto rows = ReadRows(*engine, table);
    EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
    if (!rows.has_value()) return keys;
    for (const auto& [key, fields] : *rows)
      keys.push_back(key.first + "@" + std::to_string(key.second));
    return keys;
  }
};

TEST(QuarantineTest, AllIsWellAtFirst) {
  DamagedEngine db;
  db.Open();
  const auto entries = db.engine->HealthEntries();
  EXPECT_EQ(entries.size(), kNumHealthComponents);
  for (const auto& entry : entries)
    EXPECT_EQ(entry.state, HealthState::kOk);
}

// Four records, of which the second introduces series b; the third has a row of it too.
struct FourRecords : DamagedEngine {
  FourRecords() {
    Open();
    EXPECT_TRUE(Write("t,h=a v=1i 1").status.ok());
    EXPECT_TRUE(Write("t,h=b v=2i 2").status.ok());
    EXPECT_TRUE(Write("t,h=a v=3i 3\nt,h=b v=3i 3\nt,h=c v=3i 3").status.ok());
    EXPECT_TRUE(Write("t,h=a v=4i 4").status.ok());
    Close();
  }
};

TEST(QuarantineTest, ADamagedRecordIsKeptAndTheOthersAreServed) {
  FourRecords db;
  db.DamageRecord(2);
  const auto damaged = db.files.BytesOf(std::string(kWal) + "/" + WalSegmentName(1));
  for (int start = 0; start < 3; ++start) {
    db.Open();
    EXPECT_THAT(db.Keys("t"), ElementsAre("h=a@1", "h=a@3", "h=a@4", "h=c@3"));
    EXPECT_THAT(db.Quarantined(),
                Contains(AllOf(Field(&HealthEntry::component, HealthComponent::kLog),
                               Field(&HealthEntry::what, HasSubstr("records 2 to 2")))));
    EXPECT_THAT(db.Quarantined(), Contains(Field(&HealthEntry::detail, HasSubstr("1 rows"))));
    EXPECT_THAT(db.log_lines, Contains(HasSubstr("records 2 to 2")));
    EXPECT_EQ(db.files.BytesOf(std::string(kQuarantine) + "/log-" + WalSegmentName(1)), damaged);
    db.Close();
  }
}

TEST(QuarantineTest, WritingGoesOnBehindDamageAndNoIdMeansTwoSeries) {
  FourRecords db;
  db.DamageRecord(2);
  db.Open();
  EXPECT_TRUE(db.Write("t,h=b v=9i 9\nt,h=d v=9i 9").status.ok());
  const std::vector<std::string> expected = {"h=a@1", "h=a@3", "h=a@4", "h=b@9", "h=c@3", "h=d@9"};
  EXPECT_EQ(db.Keys("t"), expected);
  db.Restart();
  EXPECT_EQ(db.Keys("t"), expected);
  ASSERT_TRUE(db.engine->Flush().ok());
  EXPECT_EQ(db.Keys("t"), expected);
  EXPECT_TRUE(db.Write("t,h=e v=9i 9").status.ok());
  db.Restart();
  EXPECT_EQ(db.Keys("t").size(), 7U);
  EXPECT_THAT(db.Quarantined(), Not(IsEmpty())) << "the copy is there until somebody removes it";
  const auto copies = db.files.List(kQuarantine);
  ASSERT_TRUE(copies.has_value());
  for (const auto& name : *copies)
    ASSERT_TRUE(db.files.Remove(std::string(kQuarantine) + "/" + name).ok());
  db.Restart();
  EXPECT_THAT(db.Quarantined(), IsEmpty());
  EXPECT_EQ(db.Keys("t").size(), 7U);
}

TEST(QuarantineTest, AStartWithDamageThatIsKilledAtAnyCallIsTheSameAtTheNext) {
  for (uint64_t call = 1;; ++call) {
    FourRecords db;
    db.DamageRecord(2);
    db.files.WriteOut(std::string(kWal) + "/" + WalSegmentName(1));
    db.files.FailAt(call, StatusCode::kIoError, true);
    const auto opened = Engine::Open(
        db.options,
        {.files = &db.files, .clock = &db.clock, .random = &db.random, .executor = &db.executor});
    const bool died = db.files.failed();
    if (opened.has_value() && !died) break;
    db.files.FailNever();
    db.files.Crash(FaultFileSystem::Unsynced::kTorn);
    db.Open();
    EXPECT_THAT(db.Keys("t"), ElementsAre("h=a@1", "h=a@3", "h=a@4", "h=c@3")) << call;
    EXPECT_THAT(db.Quarantined(), Contains(Field(&HealthEntry::what, HasSubstr("records 2 to 2"))));
    db.Close();
    ASSERT_LT(call, 1000U);
  }
}

TEST(QuarantineTest, ASegmentThatIsGoneIsReportedAndTheRestIsServed) {
  DamagedEngine db;
  db.options.wal_segment_bytes = 16 << 10;
  db.Open();
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(db.WriteMany("t", i * 1000, 300).status.ok());
  db.Close();
  const std::string second = std::string(kWal) + "/" + WalSegmentName(2);
  ASSERT_TRUE(*db.files.Exists(second));
  ASSERT_TRUE(db.files.Remove(second).ok());
  db.Open();
  const size_t num_rows = db.CountRows("t");
  EXPECT_LT(num_rows, 3600U);
  EXPECT_GT(num_rows, 1200U);
  EXPECT_EQ(num_rows % 300, 0U);
  EXPECT_THAT(db.Quarantined(), ElementsAre(Field(&HealthEntry::what, HasSubstr("wal records"))));
}

// Two parts: times 1 to 3 and 101 to 103.
struct TwoParts : DamagedEngine {
  TwoParts() {
    Open();
    EXPECT_TRUE(WriteMany("t", 1, 3).status.ok());
    EXPECT_TRUE(engine->Flush().ok());
    first = OnlyFile(kParts);
    EXPECT_TRUE(WriteMany("t", 101, 3).status.ok());
    EXPECT_TRUE(engine->Flush().ok());
    Close();
  }
  void ExpectFirstPartFails() {
    const auto all = ReadRows(*engine, "t");
    ASSERT_FALSE(all.has_value()) << "never silently less data";
    EXPECT_EQ(all.error().code(), StatusCode::kCorruption) << all.error().ToString();
    const std::string name = first.substr(std::string(kParts).size() + 1);
    EXPECT_THAT(all.error().ToString(), HasSubstr(name));
    const auto rest = ReadRows(*engine, "t", TimeRange{100, 200});
    ASSERT_TRUE(rest.has_value()) << rest.error().ToString();
    EXPECT_EQ(rest->size(), 3U);
    EXPECT_THAT(Quarantined(),
                ElementsAre(AllOf(Field(&HealthEntry::component, HealthComponent::kPart),
                                  Field(&HealthEntry::what, HasSubstr(name)))));
    // Writing goes on.
    EXPECT_TRUE(Write("t,h=a v=7i 150").status.ok());
    EXPECT_TRUE(engine->Flush().ok());
    EXPECT_EQ(ReadRows(*engine, "t", TimeRange{100, 200})->size(), 4U);
  }
  std::string first;
};

TEST(QuarantineTest, AFlippedByteOfAPartFailsWhoReadsItAndNobodyElse) {
  const size_t size = [] {
    TwoParts db;
    return db.files.BytesOf(db.first).size();
  }();
  // Some of them: values, directory, footer, trailer.
  for (size_t offset = 0; offset < size; offset += 7) {
    TwoParts db;
    db.files.BytesOf(db.first)[offset] ^= std::byte{16};
    db.Open();
    const auto rows = ReadRows(*db.engine, "t");
    if (rows.has_value()) {
      // Keys and zone maps are not read by every query.
      EXPECT_EQ(rows->size(), 6U) << "byte " << offset;
      continue;
    }
    db.ExpectFirstPartFails();
  }
}

TEST(QuarantineTest, AMissingPartIsReportedAtTheStart) {
  TwoParts db;
  ASSERT_TRUE(db.files.Remove(db.first).ok());
  db.Open();
  EXPECT_EQ(db.Quarantined().size(), 1U) << "before any query";
  db.ExpectFirstPartFails();
}

TEST(QuarantineTest, ACutPartIsReportedAtTheStart) {
  TwoParts db;
  db.files.BytesOf(db.first).resize(40);
  db.Open();
  EXPECT_EQ(db.Quarantined().size(), 1U);
  db.ExpectFirstPartFails();
}

TEST(QuarantineTest, WithoutItsManifestNothingIsRemoved) {
  TwoParts db;
  const auto names = db.files.List("data/shard/0/manifest");
  ASSERT_TRUE(names.has_value());
  for (const auto& name : *names)
    ASSERT_TRUE(db.files.Remove("data/shard/0/manifest/" + name).ok());
  const auto opened = Engine::Open(
      db.options,
      {.files = &db.files, .clock = &db.clock, .random = &db.random, .executor = &db.executor});
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().ToString(), HasSubstr("manifest is missing"));
  EXPECT_EQ(db.CountFiles(kParts), 2U);
}

TEST(QuarantineTest, ABatchOverShardsKeepsItsOtherRowsWhenOneRecordIsDamaged) {
  DamagedEngine db;
  db.options.num_shards = 4;
  db.Open();
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += "t,h=" + std::to_string(i) + " v=1i 5\n";
  ASSERT_TRUE(db.Write(lines).status.ok());
  ASSERT_TRUE(db.Write(lines + "t,h=0 v=2i 6").status.ok());
  ASSERT_TRUE(db.Write(lines + "t,h=0 v=2i 7").status.ok());
  db.Close();
  // Series of shard 0 are introduced by record 1, so record 2 can go without the rows of the third.
  db.DamageRecord(2);
  db.Open();
  const auto rows = ReadRows(*db.engine, "t");
  ASSERT_TRUE(rows.has_value()) << rows.error().ToString();
  EXPECT_GE(rows->size(), 41U);
  EXPECT_THAT(db.Quarantined(), Not(IsEmpty()));
}

}  // namespace
}  // namespace stria::storage
