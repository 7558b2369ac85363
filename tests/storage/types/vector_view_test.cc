#include "storage/types/vector_view.h"

#include <array>

#include <gtest/gtest.h>

namespace stria {
namespace {

TEST(VectorViewTest, NarrowLanesAreOffsetsFromTheBase) {
  const std::array<uint8_t, 3> bytes = {0, 1, 255};
  const std::array<uint16_t, 3> shorts = {0, 1, 65'535};
  const std::array<uint32_t, 3> words = {0, 1, UINT32_MAX};
  const auto base = static_cast<uint64_t>(-5);
  const auto view = [&](Lanes lanes, const void* data) {
    VectorView made;
    made.lanes = lanes;
    made.num_rows = 3;
    made.base = base;
    made.data = data;
    return made;
  };
  EXPECT_EQ(view(Lanes::kU8, bytes.data()).Bits(2), base + 255);
  EXPECT_EQ(view(Lanes::kU16, shorts.data()).Bits(2), base + 65'535);
  EXPECT_EQ(view(Lanes::kU32, words.data()).Bits(2), base + UINT32_MAX);
  EXPECT_EQ(view(Lanes::kConstant, nullptr).Bits(2), base);
}

TEST(VectorViewTest, NarrowLanesOfDoublesAreIntegersOfDecimals) {
  const std::array<uint16_t, 4> lanes = {0, 25, 1000, 65'535};
  VectorView view;
  view.type = DataType::kFloat64;
  view.lanes = Lanes::kU16;
  view.num_rows = 4;
  view.base = static_cast<uint64_t>(-1000);
  view.data = lanes.data();
  view.scale.digits = 2;
  const std::array<double, 4> values = {-10, -9.75, 0, 645.35};
  std::array<uint64_t, 4> copied{};
  view.CopyBits(copied.data());
  for (size_t row = 0; row < values.size(); ++row) {
    EXPECT_EQ(view.Bits(row), std::bit_cast<uint64_t>(values[row]));
    EXPECT_EQ(copied[row], view.Bits(row));
  }
}

TEST(VectorViewTest, ASliceIsItsRowsWithTheirValidity) {
  const std::array<uint16_t, 5> lanes = {10, 11, 12, 13, 14};
  const std::array<uint8_t, 5> validity = {1, 0, 1, 0, 1};
  VectorView view;
  view.lanes = Lanes::kU16;
  view.num_rows = 5;
  view.data = lanes.data();
  view.validity = validity.data();
  const VectorView slice = view.Slice(2, 4);
  EXPECT_EQ(slice.num_rows, 2U);
  EXPECT_EQ(slice.Bits(0), 12U);
  EXPECT_TRUE(slice.IsValid(0));
  EXPECT_FALSE(slice.IsValid(1));
}

TEST(VectorViewTest, AllNullHasNoValidRow) {
  VectorView view;
  view.all_null = true;
  EXPECT_FALSE(view.IsValid(0));
}

TEST(VectorViewTest, StringsAreConstantOrOneEach) {
  const std::array<std::string_view, 2> strings = {"a", "b"};
  VectorView view;
  view.type = DataType::kString;
  view.lanes = Lanes::kString;
  view.data = strings.data();
  EXPECT_EQ(view.String(1), "b");
  EXPECT_EQ(view.Slice(1, 2).String(0), "b");
  view.lanes = Lanes::kConstant;
  view.constant_string = "c";
  EXPECT_EQ(view.String(1), "c");
}

}  // namespace
}  // namespace stria
