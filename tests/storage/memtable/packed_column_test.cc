#include "storage/memtable/packed_column.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/engine_rows.h"

namespace stria::storage {
namespace {

// Rows of a few series that take turns; `bits` and `validity` as a chunk has them.
struct Rows {
  RowOrder order;
  std::vector<uint64_t> bits;
  std::vector<uint8_t> validity;
};

Rows MakeRows(size_t num_rows, std::mt19937_64& random, const std::function<uint64_t()>& next,
              bool has_nulls, bool has_duplicates) {
  Rows rows;
  std::vector<uint32_t> series;
  std::vector<int64_t> times;
  for (size_t row = 0; row < num_rows; ++row) {
    series.push_back(static_cast<uint32_t>(row % 7));
    times.push_back(static_cast<int64_t>(has_duplicates ? row / 21 : row));
    rows.validity.push_back(has_nulls && random() % 4 == 0 ? 0 : 1);
    rows.bits.push_back(rows.validity.back() != 0 ? next() : random());
  }
  rows.order = MakeRowOrder(series, times);
  return rows;
}

// Every row of every vector, as gathered.
void ExpectSameAsGathered(const Rows& rows, DataType type, std::optional<Lanes> lanes) {
  const PackedColumn column(rows.order, type, rows.bits.data(), rows.validity.data());
  const size_t num_rows = rows.order.num_rows();
  std::vector<uint64_t> bits(num_rows);
  std::vector<uint8_t> validity(num_rows);
  GatherBits(rows.order, 0, num_rows, rows.bits.data(), rows.validity.data(), bits.data(),
             validity.data());
  for (size_t row = 0; row < num_rows; ++row) {
    const auto view = column.Find(static_cast<uint32_t>(row / kVectorRows));
    ASSERT_TRUE(view.has_value());
    if (lanes && !view->all_null) {
      ASSERT_EQ(view->lanes, *lanes);
    }
    ASSERT_EQ(view->type, type);
    ASSERT_EQ(view->IsValid(row % kVectorRows), validity[row] != 0) << row;
    if (validity[row] != 0) {
      ASSERT_EQ(view->Bits(row % kVectorRows), bits[row]) << row;
    }
  }
}

TEST(PackedColumnTest, HoldsWhatWouldBeGathered) {
  std::mt19937_64 random(TestSeed());
  for (const bool has_nulls : {false, true}) {
    for (const bool has_duplicates : {false, true}) {
      const auto check = [&](DataType type, uint64_t base, uint64_t range, Lanes lanes) {
        // The ends of the range are there in every vector, so that the lanes are known.
        uint64_t count = 0;
        const auto next = [&] {
          ++count;
          return base + (count % 3 == 0 ? 0 : count % 3 == 1 ? range : random() % (range + 1));
        };
        ExpectSameAsGathered(MakeRows(5000, random, next, has_nulls, has_duplicates), type, lanes);
      };
      check(DataType::kInt64, static_cast<uint64_t>(-100), 255, Lanes::kU8);
      check(DataType::kInt64, static_cast<uint64_t>(-100), 256, Lanes::kU16);
      check(DataType::kInt64, static_cast<uint64_t>(std::numeric_limits<int64_t>::min()), 65'535,
            Lanes::kU16);
      check(DataType::kUint64, std::numeric_limits<uint64_t>::max() - 9, 9, Lanes::kU8);
      check(DataType::kUint64, 5, 0, Lanes::kConstant);
      check(DataType::kBool, 0, 1, Lanes::kU8);
      check(DataType::kFloat64, std::bit_cast<uint64_t>(1.5), 0, Lanes::kConstant);
    }
  }
}

TEST(PackedColumnTest, LeavesValuesThatAreFarApart) {
  std::mt19937_64 random(TestSeed());
  uint64_t count = 0;
  const auto far = MakeRows(
      3000, random, [&] { return (count++ % 2) * 65'536; }, false, false);
  const PackedColumn integers(far.order, DataType::kInt64, far.bits.data(), far.validity.data());
  EXPECT_FALSE(integers.Find(0));
  const auto floats = MakeRows(
      3000, random, [&] { return std::bit_cast<uint64_t>(static_cast<double>(count++ % 2)); },
      false, false);
  const PackedColumn doubles(floats.order, DataType::kFloat64, floats.bits.data(),
                             floats.validity.data());
  EXPECT_FALSE(doubles.Find(2));
}

TEST(PackedColumnTest, HasVectorsWithoutAnyValue) {
  std::mt19937_64 random(TestSeed());
  auto rows = MakeRows(
      2000, random, [] { return uint64_t{1}; }, false, false);
  std::ranges::fill(rows.validity, uint8_t{0});
  const PackedColumn column(rows.order, DataType::kInt64, rows.bits.data(), rows.validity.data());
  ASSERT_TRUE(column.Find(1).has_value());
  EXPECT_TRUE(column.Find(1)->all_null);
  EXPECT_EQ(column.Find(1)->num_rows, 2000U - kVectorRows);
}

}  // namespace
}  // namespace stria::storage
