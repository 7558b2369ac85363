// Checks that parts which are on somebody's disk stay readable, and that today's bytes are the
// same.
//
// tests/golden/part/v1.part was written by version 1 of the format. Where this fails, do not write
// the file again: add a version, and go on reading the old one. (STRIA_TEST_WRITE_GOLDEN=1 writes
// it when a new version gets its own.)

#include <fstream>
#include <iterator>

#include "tests/storage/format/part_fixture.h"

namespace stria::storage {
namespace {

constexpr const char* kPath = STRIA_GOLDEN_DIR "/part/v1.part";

// Every type, NULLs, each encoding, each form of times, two pages of a column. Text is short or
// random, so that none is packed: the bytes that LZ4 writes may change with its version.
TestRows GoldenRows() {
  TestRows test;
  std::vector<int64_t> regular, jitter, missing;
  for (int64_t i = 0; i < 16'000; ++i)
    regular.push_back(-60'000'000'000 + i * 10'000'000'000);
  for (int64_t i = 0; i < 600; ++i) {
    jitter.push_back(i * 1'000'000 + i * 7919 % 200);
    if (i % 9 != 4) missing.push_back(i * 1'000'000'000);
  }
  test.AddRun(2, regular);
  test.AddRun(0, jitter);
  test.AddRun(1, missing);
  test.AddRun(3, {1'700'000'000'000'000'000});
  const size_t num_rows = test.rows.num_rows();

  auto& integers = test.AddColumn(1, DataType::kInt64);
  auto& floats = test.AddColumn(2, DataType::kFloat64);
  auto& naturals = test.AddColumn(3, DataType::kUint64);
  auto& flags = test.AddColumn(4, DataType::kBool);
  auto& text = test.AddColumn(5, DataType::kString);
  auto& nothing = test.AddColumn(6, DataType::kInt64);
  auto& decimals = test.AddColumn(7, DataType::kFloat64);
  auto& walk = test.AddColumn(8, DataType::kInt64);
  auto& steps = test.AddColumn(9, DataType::kInt64);
  uint64_t place = 500;
  std::mt19937_64 random(1);  // Its numbers are fixed by the standard.
  constexpr const char* kStates[] = {"ready", "running", "", "failed"};
  for (size_t row = 0; row < num_rows; ++row) {
    integers.bits.push_back(row < 1024   ? static_cast<uint64_t>(-3)
                            : row < 4096 ? row * row
                                         : static_cast<uint64_t>(-50) + row * 13 % 101);
    floats.bits.push_back(std::bit_cast<uint64_t>(row < 16'384    ? 20.5
                                                  : row % 50 == 0 ? -0.0
                                                                  : static_cast<double>(row) / 7));
    naturals.bits.push_back(row < 1024 && row % 2 == 0 ? UINT64_MAX - row : row % 300);
    naturals.validity.push_back(row % 3 != 0);
    flags.bits.push_back(row % 5 < 2);
    const uint64_t noise = random();
    text.strings.push_back(
        row >= 1024       ? test.AddText({static_cast<char>(noise), static_cast<char>(noise >> 8),
                                          static_cast<char>(noise >> 16)})
        : row % 100 == 17 ? test.AddText("code " + std::to_string(row))
                          : std::string_view(kStates[row / 300 % 4]));
    text.validity.push_back(row < 2048 && row % 7 != 6);
    nothing.bits.push_back(0);
    nothing.validity.push_back(0);
    decimals.bits.push_back(std::bit_cast<uint64_t>(
        row > 4096 && row % 97 == 5 ? -0.0 : static_cast<double>(row * 31 % 5000) / 100));
    decimals.validity.push_back(row % 200 != 3);
    place += noise % 7 - 3 + (row % 300 == 7 ? 100'000 : 0);
    walk.bits.push_back(place);
    steps.bits.push_back(row / 150 % 7 * 1000);
  }
  for (const size_t row : {size_t{5000}, size_t{5001}}) {
    integers.bits[row] = static_cast<uint64_t>(row == 5000 ? std::numeric_limits<int64_t>::min()
                                                           : std::numeric_limits<int64_t>::max());
  }
  return test;
}

std::vector<std::byte> ReadGolden() {
  std::ifstream in(kPath, std::ios::binary);
  const std::vector<char> chars((std::istreambuf_iterator<char>(in)), {});
  const auto bytes = std::as_bytes(std::span(chars));
  return {bytes.begin(), bytes.end()};
}

TEST(PartGoldenTest, WritesTheBytesOfVersion1) {
  const TestPart part = WriteTestPart(GoldenRows());
  if (std::getenv("STRIA_TEST_WRITE_GOLDEN") != nullptr) {
    std::ofstream(kPath, std::ios::binary)
        .write(reinterpret_cast<const char*>(part.bytes.data()),
               static_cast<std::streamsize>(part.bytes.size()));
  }
  const auto golden = ReadGolden();
  ASSERT_FALSE(golden.empty()) << kPath;
  ASSERT_EQ(part.bytes.size(), golden.size());
  const auto differs = std::ranges::mismatch(part.bytes, golden);
  EXPECT_EQ(differs.in1, part.bytes.end()) << "at " << differs.in1 - part.bytes.begin();
}

TEST(PartGoldenTest, ReadsVersion1) {
  const TestRows test = GoldenRows();
  TestPart part = WriteTestPart(test);
  part.bytes = ReadGolden();
  part.meta.length = part.bytes.size();
  const Status status = CompareAll(part, test);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

}  // namespace
}  // namespace stria::storage
