// The kernels against a loop over VectorView::Bits().

#include "storage/compute/aggregate_kernels.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace stria::storage {
namespace {

constexpr AggregateSet kEverything = kWantSum | kWantMin | kWantMax | kWantFirst | kWantLast;

uint64_t TestSeed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20160101;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// A vector and the memory that it points to.
struct OwnedVector {
  VectorView view;
  std::vector<uint64_t> words;
  std::vector<uint8_t> validity;
};

VectorView ViewOf(DataType type, Lanes lanes, uint32_t num_rows) {
  VectorView view;
  view.type = type;
  view.lanes = lanes;
  view.num_rows = num_rows;
  return view;
}

bool Less(DataType type, uint64_t a, uint64_t b) {
  if (type == DataType::kFloat64) {
    return DoubleLess(std::bit_cast<double>(a), std::bit_cast<double>(b));
  }
  if (type == DataType::kInt64) return static_cast<int64_t>(a) < static_cast<int64_t>(b);
  return a < b;
}

SliceTotals SlowTotals(const VectorView& view, RowSlice slice) {
  SliceTotals totals;
  double float_sum = 0;
  Int128 int_sum = 0;
  for (uint32_t row = slice.begin; row < slice.end; ++row) {
    if (!view.IsValid(row)) continue;
    const uint64_t bits = view.Bits(row);
    if (view.type == DataType::kFloat64) {
      float_sum += std::bit_cast<double>(bits);
    } else if (view.type == DataType::kInt64) {
      int_sum += static_cast<int64_t>(bits);
    } else {
      int_sum += bits;
    }
    if (totals.count == 0 || Less(view.type, bits, totals.min)) totals.min = bits;
    if (totals.count == 0 || Less(view.type, totals.max, bits)) totals.max = bits;
    if (totals.count == 0) totals.first_row = row;
    totals.last_row = row;
    ++totals.count;
  }
  if (view.type == DataType::kFloat64) {
    totals.float_sum = float_sum;
  } else {
    totals.int_sum = int_sum;
  }
  return totals;
}

bool SameDouble(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b)) + 1e-9;
}

void ExpectSame(const VectorView& view, RowSlice slice, const SliceTotals& fast) {
  const SliceTotals slow = SlowTotals(view, slice);
  ASSERT_EQ(fast.count, slow.count);
  if (slow.count == 0) return;
  EXPECT_EQ(fast.first_row, slow.first_row);
  EXPECT_EQ(fast.last_row, slow.last_row);
  if (view.type == DataType::kFloat64) {
    EXPECT_TRUE(SameDouble(fast.float_sum, slow.float_sum))
        << fast.float_sum << " for " << slow.float_sum;
    EXPECT_TRUE(SameDouble(std::bit_cast<double>(fast.min), std::bit_cast<double>(slow.min)));
    EXPECT_TRUE(SameDouble(std::bit_cast<double>(fast.max), std::bit_cast<double>(slow.max)));
    return;
  }
  EXPECT_TRUE(fast.int_sum == slow.int_sum);
  EXPECT_EQ(fast.min, slow.min);
  EXPECT_EQ(fast.max, slow.max);
}

OwnedVector RandomVector(std::mt19937_64& random, DataType type, Lanes lanes) {
  OwnedVector vector;
  const auto num_rows = static_cast<uint32_t>(1 + random() % kVectorRows);
  vector.view = ViewOf(type, lanes, num_rows);
  vector.words.resize(kVectorRows);
  for (auto& word : vector.words)
    word = random();
  // Sums of small values are exact in 64 bits, those of large ones are not.
  const auto shift = static_cast<int>(random() % 3 == 0 ? 0 : random() % 60);
  for (auto& word : vector.words)
    word = static_cast<uint64_t>(static_cast<int64_t>(word) >> shift);
  if (type == DataType::kFloat64) {
    const double specials[] = {std::nan(""), INFINITY, -INFINITY, -0.0, 0.0};
    const bool has_specials = random() % 3 == 0;
    for (auto& word : vector.words) {
      word = std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(word) >> 40) / 8);
      // One kind at a time, so that sums stay comparable.
      if (has_specials && random() % 50 == 0) {
        word = std::bit_cast<uint64_t>(specials[num_rows % 5]);
      }
    }
  }
  vector.view.base = lanes == Lanes::kConstant ? vector.words[0] : random() >> (random() % 60 + 2);
  if (type == DataType::kInt64 && lanes != Lanes::kConstant && random() % 2 == 0) {
    vector.view.base = ~vector.view.base + 1;  // Negative.
  }
  if (type == DataType::kFloat64 && lanes != Lanes::k64 && lanes != Lanes::kConstant) {
    // Decimals: integers below 2^51.
    vector.view.scale.digits = static_cast<uint8_t>(random() % (kMaxDecimalDigits + 1));
    vector.view.base = (random() >> 14) - (uint64_t{1} << 49);
  }
  if (lanes != Lanes::kConstant) vector.view.data = vector.words.data();
  if (random() % 2 == 0) {
    const uint64_t one_in = 1 + random() % 20;
    for (uint32_t row = 0; row < num_rows; ++row) {
      vector.validity.push_back(random() % one_in != 0 ? 1 : 0);
    }
    vector.view.validity = vector.validity.data();
  }
  return vector;
}

TEST(AggregateKernelsTest, AgreesWithALoopOverSingleValues) {
  std::mt19937_64 random(TestSeed());
  struct Form {
    DataType type;
    Lanes lanes;
  };
  const Form forms[] = {
      {DataType::kInt64, Lanes::kU8},       {DataType::kInt64, Lanes::kU16},
      {DataType::kInt64, Lanes::kU32},      {DataType::kInt64, Lanes::k64},
      {DataType::kInt64, Lanes::kConstant}, {DataType::kUint64, Lanes::kU8},
      {DataType::kUint64, Lanes::kU32},     {DataType::kUint64, Lanes::k64},
      {DataType::kFloat64, Lanes::k64},     {DataType::kUint64, Lanes::kConstant},
      {DataType::kFloat64, Lanes::kU8},     {DataType::kFloat64, Lanes::kU16},
      {DataType::kFloat64, Lanes::kU32},
  };
  for (int round = 0; round < 300; ++round) {
    for (const auto& [type, lanes] : forms) {
      const OwnedVector vector = RandomVector(random, type, lanes);
      std::vector<RowSlice> slices;
      const uint64_t step = 1 + random() % (round % 2 == 0 ? 1024 : 12);
      for (uint32_t begin = 0; begin < vector.view.num_rows;) {
        const auto end = static_cast<uint32_t>(
            std::min<uint64_t>(vector.view.num_rows, begin + 1 + random() % step));
        slices.push_back({begin, end});
        begin = end + static_cast<uint32_t>(random() % 2);
      }
      std::vector<SliceTotals> totals(slices.size());
      AggregateSlices(vector.view, kEverything, slices, totals.data());
      for (size_t i = 0; i < slices.size(); ++i) {
        ExpectSame(vector.view, slices[i], totals[i]);
        ASSERT_FALSE(::testing::Test::HasFailure())
            << "round " << round << ", slice " << i << ", lanes " << static_cast<int>(lanes);
      }
    }
  }
}

TEST(AggregateKernelsTest, SumsOfTheGreatestOffsetsDoNotOverflowTheirLanes) {
  std::vector<uint64_t> ones(kVectorRows, ~uint64_t{0});
  std::vector<uint8_t> valid(kVectorRows, 1);
  for (const auto& [lanes, greatest] :
       {std::pair{Lanes::kU8, Int128{0xFF}}, std::pair{Lanes::kU16, Int128{0xFFFF}},
        std::pair{Lanes::kU32, Int128{0xFFFFFFFF}}, std::pair{Lanes::k64, Int128{~uint64_t{0}}}}) {
    for (const bool is_masked : {false, true}) {
      VectorView view = ViewOf(DataType::kUint64, lanes, kVectorRows);
      view.data = ones.data();
      if (is_masked) view.validity = valid.data();
      SliceTotals totals;
      const RowSlice all{0, kVectorRows};
      AggregateSlices(view, kWantSum, {&all, 1}, &totals);
      EXPECT_TRUE(totals.int_sum == greatest * kVectorRows);
      EXPECT_EQ(totals.count, kVectorRows);
    }
  }
}

TEST(AggregateKernelsTest, NanIsTheMaximumAndTheMinimumOnlyOfNothingElse) {
  std::vector<double> values(40, 1.5);
  values[7] = std::nan("");
  VectorView view = ViewOf(DataType::kFloat64, Lanes::k64, 40);
  view.data = values.data();
  SliceTotals totals;
  const RowSlice all{0, 40};
  const RowSlice only_nan{7, 8};
  AggregateSlices(view, kWantMin | kWantMax, {&all, 1}, &totals);
  EXPECT_EQ(std::bit_cast<double>(totals.min), 1.5);
  EXPECT_TRUE(std::isnan(std::bit_cast<double>(totals.max)));
  AggregateSlices(view, kWantMin | kWantMax, {&only_nan, 1}, &totals);
  EXPECT_TRUE(std::isnan(std::bit_cast<double>(totals.min)));
}

TEST(AggregateKernelsTest, CountsNothingInAVectorThatIsAllNull) {
  VectorView view = ViewOf(DataType::kInt64, Lanes::kConstant, 100);
  view.all_null = true;
  SliceTotals totals;
  const RowSlice all{0, 100};
  AggregateSlices(view, kEverything, {&all, 1}, &totals);
  EXPECT_EQ(totals.count, 0U);
}

}  // namespace
}  // namespace stria::storage
