#include "storage/wal/delete_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::storage {
namespace {

DeleteRecord FullRecord() {
  DeleteRecord record;
  record.batch_id = 0x0123456789abcdef;
  record.shards = {{0, 17}, {300, 70'000}};
  record.tombstone = {.seq = 0,
                      .table = TableId(70'000),
                      .time = {-1, 1},
                      .tags = {{.tag = "host", .op = TagOp::kIn, .values = {"a", ""}},
                               {.tag = "rack", .op = TagOp::kLike, .values = {"r%"}},
                               {.tag = "os", .op = TagOp::kIsNull},
                               {.tag = "zone",
                                .op = TagOp::kRange,
                                .has_low = true,
                                .low_exclusive = true,
                                .low = "m"}}};
  return record;
}

std::vector<std::byte> Encode(const DeleteRecord& record) {
  std::vector<std::byte> payload;
  EncodeDeleteRecord(record, payload);
  return payload;
}

TEST(DeleteRecordTest, ComesBack) {
  for (const auto& record :
       {FullRecord(), DeleteRecord{.tombstone = {.seq = 0, .table = TableId(1)}}}) {
    const auto decoded = DecodeDeleteRecord(Encode(record));
    ASSERT_TRUE(decoded) << decoded.error().ToString();
    EXPECT_EQ(decoded->batch_id, record.batch_id);
    EXPECT_EQ(decoded->shards, record.shards);
    EXPECT_EQ(decoded->tombstone, record.tombstone);
  }
}

TEST(DeleteRecordTest, EveryPrefixAndAByteTooManyAreRefused) {
  auto payload = Encode(FullRecord());
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(DecodeDeleteRecord(std::span(payload).first(size))) << size << " bytes";
  }
  payload.push_back(std::byte{0});
  EXPECT_FALSE(DecodeDeleteRecord(payload));
}

TEST(DeleteRecordTest, AnyChangedByteIsRefusedOrReadAsAnother) {
  const auto payload = Encode(FullRecord());
  for (size_t i = 0; i < payload.size(); ++i) {
    for (const int flip : {1, 0x80, 0xff}) {
      auto damaged = payload;
      damaged[i] ^= static_cast<std::byte>(flip);
      const auto decoded = DecodeDeleteRecord(damaged);
      if (!decoded) {
        EXPECT_EQ(decoded.error().code(), StatusCode::kCorruption);
      } else {
        EXPECT_EQ(Encode(*decoded), damaged) << "byte " << i;
      }
    }
  }
}

TEST(DeleteRecordTest, WhatNoDeleteSaysIsRefused) {
  const auto refused = [](auto change) {
    DeleteRecord record = FullRecord();
    change(record.tombstone);
    return !DecodeDeleteRecord(Encode(record)).has_value();
  };
  EXPECT_TRUE(refused([](Tombstone& t) { t.time = {5, 5}; })) << "no time";
  EXPECT_TRUE(refused([](Tombstone& t) { t.tags[1].values.clear(); })) << "LIKE without a pattern";
  EXPECT_TRUE(refused([](Tombstone& t) { t.tags[2].values = {"x"}; })) << "IS NULL x";
  EXPECT_TRUE(refused([](Tombstone& t) { t.tags[0].has_low = true; })) << "IN with a bound";
  EXPECT_TRUE(refused([](Tombstone& t) { t.tags[0].op = static_cast<TagOp>(200); }));
}

}  // namespace
}  // namespace stria::storage
