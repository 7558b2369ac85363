#include "storage/memtable/memtable.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "tests/support/engine_rows.h"

namespace stria::storage {
namespace {

using Cell = std::tuple<uint32_t, int64_t, std::optional<uint64_t>>;  // Series, time, bits.

// All rows that the sources hand out, in the order of the sources.
std::vector<Cell> CellsOf(const Memtable& memtable, ColumnId column, DataType type,
                          bool* is_any_packed = nullptr) {
  std::vector<Cell> cells;
  for (const auto& source : memtable.Sources(memtable.visible_rows())) {
    for (size_t index = 0; index < source->runs().size(); ++index) {
      const SourceRun& run = source->runs()[index];
      const auto times = source->Times(index);
      EXPECT_TRUE(times.has_value());
      for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
        const auto view = source->ReadVector(column, type, row / kVectorRows);
        EXPECT_TRUE(view.has_value());
        const bool is_valid = view->IsValid(row % kVectorRows);
        if (is_any_packed != nullptr) *is_any_packed |= view->lanes != Lanes::k64;
        cells.emplace_back(run.series.value(), (*times)[row - run.row_begin],
                           is_valid ? std::optional(view->Bits(row % kVectorRows)) : std::nullopt);
      }
    }
  }
  return cells;
}

// Bytes that the process has allocated; 0 under a sanitizer, whose allocator does not say.
size_t UsedBytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

class MemtableTest : public testing::Test {
 protected:
  static constexpr ColumnId kSmall{1};
  static constexpr ColumnId kWide{2};
  static constexpr ColumnId kLate{3};

  // Six series take turns; now and then a row is written again. `kLate` comes with the rows after
  // `late_from`.
  void Append(uint32_t num_rows, uint32_t late_from) {
    for (uint32_t begin = 0; begin < num_rows; begin += 50) {
      TableRows rows;
      rows.table = TableId(1);
      const bool has_late = begin >= late_from;
      rows.columns.resize(has_late ? 3 : 2);
      const ColumnId ids[] = {kSmall, kWide, kLate};
      for (size_t i = 0; i < rows.columns.size(); ++i) {
        rows.columns[i].id = ids[i];
        rows.columns[i].type = DataType::kInt64;
      }
      for (uint32_t row = begin; row < begin + 50; ++row) {
        const bool is_again = random_() % 20 == 0;
        rows.series.push_back(row % 6);
        rows.times.push_back(is_again ? row / 12 : row / 6);
        for (size_t i = 0; i < rows.columns.size(); ++i) {
          const bool is_valid = random_() % 5 > 0;
          const uint64_t value = i == 1 ? random_() : uint64_t{0} - random_() % 300;
          rows.columns[i].bits.push_back(is_valid ? value : 0);
          rows.columns[i].validity.push_back(is_valid ? 1 : 0);
        }
      }
      memtable_->Append(rows, begin + 1, 0);
      memtable_->Publish();
    }
  }

  std::mt19937_64 random_{TestSeed()};
  std::shared_ptr<Memtable> memtable_ = std::make_shared<Memtable>(TableId(1));
};

TEST_F(MemtableTest, HandsOutTheSameWhenFullChunksArePacked) {
  Append(10'000, 3000);
  std::vector<std::vector<Cell>> before;
  for (const ColumnId column : {kSmall, kWide, kLate})
    before.push_back(CellsOf(*memtable_, column, DataType::kInt64));
  const uint64_t bytes_before = memtable_->bytes();
  memtable_->PackFullChunks();
  EXPECT_GT(memtable_->bytes(), bytes_before);
  bool is_small_packed = false;
  EXPECT_EQ(CellsOf(*memtable_, kSmall, DataType::kInt64, &is_small_packed), before[0]);
  EXPECT_TRUE(is_small_packed);
  EXPECT_EQ(CellsOf(*memtable_, kWide, DataType::kInt64), before[1]);
  EXPECT_EQ(CellsOf(*memtable_, kLate, DataType::kInt64), before[2]);
}

TEST_F(MemtableTest, PacksAChunkOnce) {
  Append(2000, 0);
  memtable_->PackFullChunks();
  const uint64_t bytes = memtable_->bytes();
  memtable_->PackFullChunks();
  EXPECT_EQ(memtable_->bytes(), bytes);
}

TEST_F(MemtableTest, PacksChunksThatFillUpLater) {
  Append(1000, 0);
  memtable_->PackFullChunks();
  Append(1000, 0);
  const auto before = CellsOf(*memtable_, kSmall, DataType::kInt64);
  memtable_->PackFullChunks();
  EXPECT_EQ(CellsOf(*memtable_, kSmall, DataType::kInt64), before);
}

TEST(MemtableColumnsTest, TenThousandColumnsTakeNoMoreThanTheirValues) {
  constexpr uint32_t kColumns = 10'000;
  const auto memtable = std::make_shared<Memtable>(TableId(1));
  const auto append = [&](uint32_t begin, uint32_t end) {
    TableRows rows;
    rows.table = TableId(1);
    rows.series.push_back(0);
    rows.times.push_back(begin);
    for (uint32_t id = begin; id < end; ++id)
      rows.columns.push_back({.id = ColumnId(id + 1),
                              .type = DataType::kInt64,
                              .bits = {id},
                              .strings = {},
                              .validity = {}});
    memtable->Append(rows, begin + 1, 0);
    memtable->Publish();
  };
  const size_t before = UsedBytes();
  append(0, kColumns / 2);
  for (uint32_t i = 0; i < 50; ++i)  // And some by some.
    append(kColumns / 2 + i * 100, kColumns / 2 + (i + 1) * 100);
  constexpr size_t kChunkBytes = size_t{kColumns} * 64 * 9;
  EXPECT_GE(memtable->bytes(), kChunkBytes);
  EXPECT_LE(UsedBytes() - before, 2 * kChunkBytes);
  for (const uint32_t id : {0U, kColumns / 2, kColumns - 1}) {
    const auto cells = CellsOf(*memtable, ColumnId(id + 1), DataType::kInt64);
    EXPECT_EQ(std::ranges::count_if(
                  cells, [&](const Cell& cell) { return std::get<2>(cell) == uint64_t{id}; }),
              1);
  }
}

}  // namespace
}  // namespace stria::storage
