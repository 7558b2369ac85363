#include "storage/wal/rows_record.h"

#include <bit>
#include <cmath>
#include <iostream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"

namespace stria::storage {
namespace {

std::vector<std::byte> Encode(const RowsRecord& record) {
  std::vector<const TableRows*> tables;
  for (const auto& table : record.tables)
    tables.push_back(&table);
  std::vector<std::byte> payload;
  EncodeRowsRecord(record, tables, payload);
  return payload;
}

void ExpectEqual(const RowsRecord& got, const RowsRecord& want) {
  EXPECT_EQ(got.batch_id, want.batch_id);
  EXPECT_EQ(got.shards, want.shards);
  ASSERT_EQ(got.series.size(), want.series.size());
  for (size_t i = 0; i < want.series.size(); ++i) {
    EXPECT_EQ(got.series[i].table, want.series[i].table);
    EXPECT_EQ(got.series[i].id, want.series[i].id);
    EXPECT_EQ(got.series[i].key, want.series[i].key);
  }
  ASSERT_EQ(got.tables.size(), want.tables.size());
  for (size_t t = 0; t < want.tables.size(); ++t) {
    EXPECT_EQ(got.tables[t].table, want.tables[t].table);
    EXPECT_EQ(got.tables[t].series, want.tables[t].series);
    EXPECT_EQ(got.tables[t].times, want.tables[t].times);
    ASSERT_EQ(got.tables[t].columns.size(), want.tables[t].columns.size());
    for (size_t c = 0; c < want.tables[t].columns.size(); ++c) {
      const auto& a = got.tables[t].columns[c];
      const auto& b = want.tables[t].columns[c];
      EXPECT_EQ(a.id, b.id);
      EXPECT_EQ(a.type, b.type);
      EXPECT_EQ(a.bits, b.bits);
      EXPECT_EQ(a.strings, b.strings);
      EXPECT_EQ(a.validity, b.validity);
    }
  }
}

// Two tables, every type, NULLs, a new series, and the places of a batch over three shards.
RowsRecord SmallRecord() {
  RowsRecord record;
  record.batch_id = 0xfedcba9876543210;
  record.shards = {{0, 17}, {2, 400}, {3, 9}};
  record.series = {{TableId(7), SeriesId(3), "host=a"}, {TableId(8), SeriesId(0), ""}};
  TableRows first;
  first.table = TableId(7);
  first.series = {3, 3, 1};
  first.times = {1'700'000'000'000'000'000, 1'700'000'010'000'000'000, -5};
  const uint64_t minus = std::bit_cast<uint64_t>(-0.0), nan = std::bit_cast<uint64_t>(std::nan(""));
  first.columns.push_back({ColumnId(1), DataType::kFloat64, {minus, nan, 0}, {}, {}});
  first.columns.push_back(
      {ColumnId(2), DataType::kInt64, {static_cast<uint64_t>(-1), 0, 300}, {}, {1, 0, 1}});
  first.columns.push_back({ColumnId(3), DataType::kString, {}, {"on", "", "off"}, {1, 0, 1}});
  TableRows second;
  second.table = TableId(8);
  second.series = {0};
  second.times = {INT64_MIN};
  second.columns.push_back({ColumnId(1), DataType::kUint64, {UINT64_MAX}, {}, {}});
  second.columns.push_back({ColumnId(2), DataType::kBool, {1}, {}, {}});
  record.tables = {first, second};
  return record;
}

TEST(RowsRecordTest, RowsComeBack) {
  const auto record = SmallRecord();
  const auto payload = Encode(record);
  const auto decoded = DecodeRowsRecord(payload);
  ASSERT_TRUE(decoded) << decoded.error().ToString();
  ExpectEqual(*decoded, record);
}

TEST(RowsRecordTest, ReadsTheDocumentedBytes) {
  RowsRecord record;
  record.batch_id = 1;
  record.series = {{TableId(7), SeriesId(2), "h=a"}};
  TableRows rows;
  rows.table = TableId(7);
  rows.series = {2, 2};
  rows.times = {1000, 1010};
  rows.columns.push_back({ColumnId(300), DataType::kInt64, {5, 0}, {}, {1, 0}});
  record.tables = {rows};

  std::vector<std::byte> body;
  AppendInteger<uint64_t>(1, body);
  AppendVarint(0, body);  // Shards.
  AppendVarint(1, body);  // Series.
  AppendVarint(7, body);
  AppendVarint(2, body);
  AppendString("h=a", body);
  AppendVarint(1, body);  // Tables.
  AppendVarint(7, body);
  AppendVarint(2, body);            // Rows.
  AppendInteger<uint8_t>(0, body);  // Series ids: no lanes, all are
  AppendInteger<uint64_t>(2, body);
  AppendInteger<uint8_t>(2, body);  // Differences of times: 16-bit lanes above
  AppendInteger<uint64_t>(10, body);
  AppendInteger<uint16_t>(990, body);
  AppendInteger<uint16_t>(0, body);
  AppendVarint(1, body);  // Columns.
  AppendVarint(300, body);
  AppendInteger(static_cast<uint8_t>(DataType::kInt64), body);
  AppendInteger<uint8_t>(1, body);
  AppendInteger<uint8_t>(1, body);  // Validity: only the first.
  AppendInteger<uint8_t>(1, body);  // Values: 8-bit lanes above
  AppendInteger<uint64_t>(0, body);
  AppendInteger<uint8_t>(5, body);
  AppendInteger<uint8_t>(0, body);
  std::vector<std::byte> payload;
  AppendInteger<uint8_t>(0, payload);  // Not packed.
  AppendVarint(body.size(), payload);
  AppendBytes(body, payload);
  const auto decoded = DecodeRowsRecord(payload);
  ASSERT_TRUE(decoded) << decoded.error().ToString();
  ExpectEqual(*decoded, record);
}

TEST(RowsRecordTest, EveryPrefixIsRefused) {
  const auto payload = Encode(SmallRecord());
  for (size_t size = 0; size < payload.size(); ++size) {
    const auto decoded = DecodeRowsRecord(std::span(payload).first(size));
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code(), StatusCode::kCorruption);
  }
  auto longer = payload;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(DecodeRowsRecord(longer));
}

TEST(RowsRecordTest, AnyChangedByteIsRefusedOrReadAsSomething) {
  // The checksum of the frame finds damage; this is about not running out of the bytes.
  const auto payload = Encode(SmallRecord());
  for (size_t i = 0; i < payload.size(); ++i) {
    for (const auto flip : {0x01, 0x80, 0xff}) {
      auto damaged = payload;
      damaged[i] ^= static_cast<std::byte>(flip);
      const auto decoded = DecodeRowsRecord(damaged);
      if (!decoded) {
        EXPECT_EQ(decoded.error().code(), StatusCode::kCorruption);
      }
    }
  }
}

TEST(RowsRecordTest, RandomRowsComeBackPackedOrNot) {
  std::mt19937_64 random(1);
  int num_packed = 0;
  for (int round = 0; round < 300; ++round) {
    RowsRecord record;
    record.batch_id = random();
    std::vector<std::string> kept;  // What the strings point to.
    kept.reserve(20'000);
    for (uint64_t t = random() % 3 + 1; t > 0; --t) {
      TableRows rows;
      rows.table = TableId(static_cast<uint32_t>(random() % 1000));
      const size_t num_rows = 1 + random() % 300;
      const auto spread = static_cast<int>(random() % 64);
      const auto draw = [&] { return random() >> spread; };
      for (size_t row = 0; row < num_rows; ++row) {
        rows.series.push_back(static_cast<uint32_t>(random() % 50));
        rows.times.push_back(static_cast<int64_t>(draw()));
      }
      for (uint32_t c = 0; c < random() % 6; ++c) {
        ColumnRows column{ColumnId(c), static_cast<DataType>(1 + random() % 5), {}, {}, {}};
        const bool has_nulls = random() % 2 == 0;
        for (size_t row = 0; row < num_rows; ++row) {
          const bool valid = !has_nulls || random() % 3 != 0;
          if (has_nulls) column.validity.push_back(valid ? 1 : 0);
          if (column.type == DataType::kString) {
            kept.push_back(valid ? std::string(random() % 20, static_cast<char>(random())) : "");
            column.strings.push_back(kept.back());
          } else {
            const bool is_decimal = column.type == DataType::kFloat64 && spread > 20;
            const uint64_t drawn = draw();
            column.bits.push_back(!valid ? 0
                                  : is_decimal
                                      ? std::bit_cast<uint64_t>(static_cast<double>(drawn) / 1000)
                                      : drawn);
          }
        }
        rows.columns.push_back(std::move(column));
      }
      record.tables.push_back(std::move(rows));
    }
    const auto payload = Encode(record);
    num_packed += std::to_integer<int>(payload[0]);
    const auto decoded = DecodeRowsRecord(payload);
    ASSERT_TRUE(decoded) << "round " << round << ": " << decoded.error().ToString();
    ExpectEqual(*decoded, record);
    if (HasFailure()) return;
  }
  EXPECT_GT(num_packed, 20);
  EXPECT_LT(num_packed, 280);
}

// 5,000 rows of a table of one column of doubles.
RowsRecord RecordOf(const std::vector<double>& values) {
  RowsRecord record;
  TableRows rows;
  rows.table = TableId(1);
  ColumnRows column{ColumnId(1), DataType::kFloat64, {}, {}, {}};
  for (const double value : values) {
    rows.series.push_back(0);
    rows.times.push_back(0);
    column.bits.push_back(std::bit_cast<uint64_t>(value));
  }
  rows.columns = {column};
  record.tables = {rows};
  return record;
}

TEST(RowsRecordTest, DecimalsTakeTheBytesOfTheirIntegers) {
  std::mt19937_64 random(7);
  std::vector<double> values(5000);
  for (auto& value : values)
    value = static_cast<double>(random() % 65536) / 100;
  const auto record = RecordOf(values);
  const auto payload = Encode(record);
  EXPECT_LT(payload.size(), values.size() * 2 + 100);  // Two bytes each: below 65,536 hundredths.
  const auto decoded = DecodeRowsRecord(payload);
  ASSERT_TRUE(decoded) << decoded.error().ToString();
  ExpectEqual(*decoded, record);
}

TEST(RowsRecordTest, OneDoubleThatIsNoDecimalKeepsItsBits) {
  std::vector<double> values(5000, 12.25);
  for (const double odd : {-0.0, std::nan(""), HUGE_VAL, 1.0 / 3, 5e-324, 12.5, 12.251, 1e300}) {
    values[4321] = odd;
    const auto record = RecordOf(values);
    const auto decoded = DecodeRowsRecord(Encode(record));
    ASSERT_TRUE(decoded) << decoded.error().ToString();
    ExpectEqual(*decoded, record);
  }
}

TEST(RowsRecordTest, DecimalsThatNoDoubleGaveAreRefused) {
  const auto payload = [](DataType type, uint8_t digits, uint64_t integer) {
    std::vector<std::byte> body;
    AppendInteger<uint64_t>(1, body);
    AppendVarint(0, body);            // Shards.
    AppendVarint(0, body);            // Series.
    AppendVarint(1, body);            // Tables.
    AppendVarint(7, body);            // Its id.
    AppendVarint(1, body);            // Rows.
    AppendInteger<uint8_t>(0, body);  // Series ids.
    AppendInteger<uint64_t>(2, body);
    AppendInteger<uint8_t>(0, body);  // Times.
    AppendInteger<uint64_t>(10, body);
    AppendVarint(1, body);  // Columns.
    AppendVarint(3, body);
    AppendInteger(static_cast<uint8_t>(type), body);
    AppendInteger<uint8_t>(2, body);  // Decimals.
    AppendInteger(digits, body);
    AppendInteger<uint8_t>(0, body);  // Constant lanes.
    AppendInteger(integer, body);
    std::vector<std::byte> bytes;
    AppendInteger<uint8_t>(0, bytes);
    AppendVarint(body.size(), bytes);
    AppendBytes(body, bytes);
    return bytes;
  };
  const auto good = DecodeRowsRecord(payload(DataType::kFloat64, 2, 2025));
  ASSERT_TRUE(good) << good.error().ToString();
  EXPECT_EQ(good->tables[0].columns[0].bits[0], std::bit_cast<uint64_t>(20.25));
  EXPECT_FALSE(DecodeRowsRecord(payload(DataType::kFloat64, 15, 2025)));
  EXPECT_FALSE(DecodeRowsRecord(payload(DataType::kFloat64, 2, (uint64_t{1} << 51) + 1)));
  EXPECT_FALSE(DecodeRowsRecord(payload(DataType::kFloat64, 2, uint64_t{1} << 63)));
  EXPECT_FALSE(DecodeRowsRecord(payload(DataType::kInt64, 2, 2025)));
}

TEST(RowsRecordTest, AnUnknownWayOfPackingIsRefused) {
  auto payload = Encode(SmallRecord());
  payload[0] = std::byte{2};
  EXPECT_FALSE(DecodeRowsRecord(payload));
}

}  // namespace
}  // namespace stria::storage
