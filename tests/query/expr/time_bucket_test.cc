// Buckets of time: against division of wide integers, and what the operators recognise as one.

#include "query/expr/time_bucket.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "query/expr/function_registry.h"
#include "storage/base/int128.h"

namespace stria::query {
namespace {

TEST(TimeBucketTest, HoldsTheTimesFromItsBeginToTheNext) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto width = static_cast<int64_t>((random() >> (random() % 62 + 1)) + 1);
    const TimeBucket bucket = MakeTimeBucket(width, static_cast<int64_t>(random()));
    const auto time =
        static_cast<int64_t>(random() >> (random() % 60)) - static_cast<int64_t>(random() >> 20U);
    const int64_t index = bucket.IndexOf(time);
    const Int128 begin = Int128{index} * width + bucket.origin_ns;
    ASSERT_LE(begin, Int128{time});
    ASSERT_GT(begin + width, Int128{time});
    if (begin >= std::numeric_limits<int64_t>::min()) {
      ASSERT_EQ(Int128{bucket.BeginOf(index)}, begin);
    } else {
      ASSERT_EQ(bucket.BeginOf(index), std::numeric_limits<int64_t>::min());
    }
  }
}

TEST(TimeBucketTest, FloorsBeforeTheEpoch) {
  const TimeBucket bucket = MakeTimeBucket(10, 0);
  EXPECT_EQ(bucket.BeginOf(bucket.IndexOf(-1)), -10);
  EXPECT_EQ(bucket.BeginOf(bucket.IndexOf(-10)), -10);
  EXPECT_EQ(bucket.BeginOf(bucket.IndexOf(-11)), -20);
  EXPECT_EQ(bucket.BeginOf(bucket.IndexOf(9)), 0);
  const TimeBucket shifted = MakeTimeBucket(10, -3);
  EXPECT_EQ(shifted.origin_ns, 7);
  EXPECT_EQ(shifted.BeginOf(shifted.IndexOf(6)), -3);
  EXPECT_EQ(shifted.BeginOf(shifted.IndexOf(7)), 7);
}

ExprPtr Literal(Value value) {
  auto literal = std::make_shared<Expr>();
  literal->type = value.type;
  literal->literal = std::move(value);
  return literal;
}

std::shared_ptr<Expr> Call(std::string_view name, std::vector<ExprPtr> args) {
  std::vector<DataType> types;
  for (const auto& arg : args)
    types.push_back(arg->type);
  auto call = std::make_shared<Expr>();
  call->kind = ExprKind::kCall;
  call->function = FindFunction(name, types)->function;
  call->type = DataType::kTimestamp;
  call->args = std::move(args);
  return call;
}

TEST(TimeBucketTest, IsRecognisedOverLiteralsAndTheTime) {
  const ExprPtr time = MakeColumnRef(2, DataType::kTimestamp, "time");
  const auto bucket =
      MatchTimeBucket(*Call("time_bucket", {Literal(Value::Interval(60)), time}), 2);
  ASSERT_TRUE(bucket.has_value());
  EXPECT_EQ(bucket->width_ns, 60);
  EXPECT_EQ(bucket->origin_ns, 0);
  const auto shifted = MatchTimeBucket(
      *Call("time_bucket", {Literal(Value::Interval(60)), time, Literal(Value::Timestamp(70))}), 2);
  ASSERT_TRUE(shifted.has_value());
  EXPECT_EQ(shifted->origin_ns, 10);
  EXPECT_TRUE(MatchTimeBucket(*Call("date_trunc", {Literal(Value::String("hour")), time}), 2));
}

TEST(TimeBucketTest, IsNotRecognisedOtherwise) {
  const ExprPtr time = MakeColumnRef(2, DataType::kTimestamp, "time");
  const ExprPtr width = MakeColumnRef(1, DataType::kInterval, "width");
  const ExprPtr minute = Literal(Value::Interval(60));
  EXPECT_FALSE(MatchTimeBucket(*Call("time_bucket", {minute, time}), 1));
  EXPECT_FALSE(MatchTimeBucket(*Call("time_bucket", {width, time}), 2));
  EXPECT_FALSE(MatchTimeBucket(*Call("time_bucket", {Literal(Value::Interval(0)), time}), 2));
  EXPECT_FALSE(
      MatchTimeBucket(*Call("time_bucket", {Literal(Value::Null(DataType::kInterval)), time}), 2));
  EXPECT_FALSE(MatchTimeBucket(*Call("date_trunc", {Literal(Value::String("month")), time}), 2));
  EXPECT_FALSE(MatchTimeBucket(*time, 2));
}

}  // namespace
}  // namespace stria::query
