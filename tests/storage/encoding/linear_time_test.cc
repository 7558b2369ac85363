// Checks the times of a run: a step where they are regular, else what is left of a step; before
// 1970, at the ends of int64, and with rows missing.

#include "storage/encoding/linear_time.h"

#include <limits>

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
constexpr int64_t kSecond = 1'000'000'000;

std::vector<std::byte> Encode(const std::vector<int64_t>& times) {
  std::vector<std::byte> encoded;
  EncodeTimes(times, encoded);
  return encoded;
}

void ExpectRoundTrip(const std::vector<int64_t>& times) {
  std::vector<int64_t> decoded(times.size());
  const Status status = DecodeTimes(Encode(times), times.front(), times.back(), decoded);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(decoded, times);
}

TEST(LinearTimeTest, FindsTheStepOfRegularTimes) {
  EXPECT_EQ(FindStep(std::vector<int64_t>{5}), 1);
  EXPECT_EQ(FindStep(std::vector<int64_t>{5, 7}), 2);
  EXPECT_EQ(FindStep(std::vector<int64_t>{-20, -10, 0, 10}), 10);
  EXPECT_EQ(FindStep(std::vector<int64_t>{-20, -10, 0, 11}), 0);
  EXPECT_EQ(FindStep(std::vector<int64_t>{0, kGreatest}), kGreatest);
  EXPECT_EQ(FindStep(std::vector<int64_t>{kLeast, -1}), kGreatest);
}

TEST(LinearTimeTest, NamesNoStepWhoseMultiplesOverflow) {
  EXPECT_EQ(FindStep(std::vector<int64_t>{kLeast, kGreatest}), 0);
  EXPECT_EQ(FindStep(std::vector<int64_t>{kLeast, -1, kGreatest - 1}), 0);
  EXPECT_EQ(FindStep(std::vector<int64_t>{-1, kGreatest}), 0);
}

TEST(LinearTimeTest, DecodesTimesAtTheEndsOfInt64) {
  ExpectRoundTrip({kLeast, kGreatest});
  ExpectRoundTrip({kLeast, -1, kGreatest - 1});
  ExpectRoundTrip({kLeast, kLeast + 1, kGreatest});
  ExpectRoundTrip({kLeast, kLeast + 3, kLeast + 6, kGreatest - 1});
  ExpectRoundTrip({kLeast, kGreatest - 2, kGreatest - 1, kGreatest});
  ExpectRoundTrip({-1, 0, kGreatest});
}

TEST(LinearTimeTest, DecodesJitterAroundAStep) {
  auto random = SeededRandom();
  for (const size_t num_rows : {size_t{3}, size_t{1024}, size_t{1026}, size_t{5000}}) {
    std::vector<int64_t> times;
    for (size_t i = 0; i < num_rows; ++i) {
      times.push_back(-100 * kSecond + static_cast<int64_t>(i) * kSecond +
                      static_cast<int64_t>(random() % 1000) * 1'000'000);
    }
    ExpectRoundTrip(times);
  }
}

TEST(LinearTimeTest, DecodesMissingRows) {
  auto random = SeededRandom();
  std::vector<int64_t> times;
  for (int64_t i = 0; i < 10'000; ++i) {
    if (random() % 10 != 0) times.push_back(i * 10 * kSecond);
  }
  ExpectRoundTrip(times);
  // A bit a row, and patches where two rows and more are missing.
  EXPECT_LT(Encode(times).size(), times.size() / 5);
}

TEST(LinearTimeTest, DecodesAnyAscendingTimes) {
  auto random = SeededRandom();
  for (int round = 0; round < 300; ++round) {
    const auto unit = static_cast<int64_t>(1 + random() % 1000);
    const unsigned shift = 1 + static_cast<unsigned>(random() % 63);
    std::vector<int64_t> times(2 + random() % 3000);
    for (auto& time : times)
      time = static_cast<int64_t>(random()) >> shift;
    for (auto& time : times)
      time = time / unit * unit;
    std::ranges::sort(times);
    const auto rest = std::ranges::unique(times);
    times.erase(rest.begin(), rest.end());
    if (times.size() < 2 || FindStep(times) != 0) continue;
    ExpectRoundTrip(times);
  }
}

TEST(LinearTimeTest, WritesTheDocumentedBytes) {
  // Unit 10, around a step of 10: 0, 0 and 2 as integers.
  EXPECT_EQ(Encode({0, 10, 20, 50}), Bytes({10, 3, 5, 0, 1, 0, 0, 2}));
  // Unit 1, around a step of 1000: 101, -100, 100 and 0, from -100 on.
  EXPECT_EQ(Encode({0, 1101, 1900, 3100, 4000}), Bytes({1, 3, 7, 0xc7, 1, 1, 201, 0, 200, 100}));
}

TEST(LinearTimeTest, RefusesOtherLengths) {
  const std::vector<int64_t> times = {0, 10, 20, 50};
  ExpectOtherLengthsRefused(Encode(times), [](auto bytes) {
    std::vector<int64_t> decoded(4);
    return DecodeTimes(bytes, 0, 50, decoded);
  });
}

TEST(LinearTimeTest, RefusesTimesThatDoNotAscendOrEndElsewhere) {
  std::vector<int64_t> decoded(4);
  const auto encoded = Encode({0, 10, 20, 50});
  EXPECT_TRUE(DecodeTimes(encoded, 0, 50, decoded).ok());
  EXPECT_EQ(DecodeTimes(encoded, 0, 60, decoded).code(), StatusCode::kCorruption);
  EXPECT_EQ(DecodeTimes(encoded, 10, 50, decoded).code(), StatusCode::kCorruption);
  const auto standing = Bytes({10, 3, 5, 0, 1, 0, 20, 2});
  EXPECT_EQ(DecodeTimes(standing, 0, 50, decoded).code(), StatusCode::kCorruption);
  const auto no_unit = Bytes({0, 3, 5, 0, 1, 0, 0, 2});
  EXPECT_EQ(DecodeTimes(no_unit, 0, 50, decoded).code(), StatusCode::kCorruption);
}

TEST(LinearTimeTest, SurvivesGarbage) {
  auto random = SeededRandom();
  ExpectGarbageHandled(Encode({0, 10, 20, 50}), random, [](auto bytes) {
    std::vector<int64_t> decoded(4);
    return DecodeTimes(bytes, 0, 50, decoded);
  });
}

}  // namespace
}  // namespace stria::storage
