// Expressions over batches: three-valued logic by its tables, and every form of a column by what
// its flat form gives.

#include "query/expr/evaluator.h"

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "query/expr/cast.h"
#include "query/expr/function_registry.h"

namespace stria::query {
namespace {

using enum DataType;

ExprPtr Literal(Value value) {
  auto literal = std::make_shared<Expr>();
  literal->type = value.type;
  literal->literal = std::move(value);
  return literal;
}

ExprPtr Make(ExprKind kind, DataType type, std::vector<ExprPtr> args, ExprOp op = ExprOp::kNone) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->op = op;
  expr->type = type;
  expr->args = std::move(args);
  return expr;
}

ExprPtr Compare(ExprOp op, ExprPtr left, ExprPtr right) {
  return Make(ExprKind::kCompare, kBool, {std::move(left), std::move(right)}, op);
}

Column Flat(DataType type, const std::vector<Value>& values) {
  Column column = Column::FlatNulls(type, static_cast<uint32_t>(values.size()));
  const auto texts = std::make_shared<std::vector<std::string>>();
  texts->reserve(values.size());
  for (size_t row = 0; row < values.size(); ++row) {
    if (values[row].is_null()) continue;
    column.validity[row] = 1;
    if (type == kString) {
      column.strings[row] = texts->emplace_back(values[row].string());
    } else {
      column.bits[row] = BitsOf(values[row]);
    }
  }
  column.keep_alive = texts;
  return column;
}

Value Bool(int truth) {
  return truth == kUnknown ? Value::Null(kBool) : Value::Bool(truth == kTrue);
}

TEST(EvaluatorTest, LogicHasThreeValues) {
  // Rows are the nine pairs of false, true, unknown.
  std::vector<Value> left;
  std::vector<Value> right;
  std::vector<uint8_t> both;
  std::vector<uint8_t> either;
  for (const uint8_t a : {kFalse, kTrue, kUnknown}) {
    for (const uint8_t b : {kFalse, kTrue, kUnknown}) {
      left.push_back(Bool(a));
      right.push_back(Bool(b));
      both.push_back(a == kFalse || b == kFalse       ? kFalse
                     : a == kUnknown || b == kUnknown ? kUnknown
                                                      : kTrue);
      either.push_back(a == kTrue || b == kTrue         ? kTrue
                       : a == kUnknown || b == kUnknown ? kUnknown
                                                        : kFalse);
    }
  }
  Batch batch;
  batch.num_rows = 9;
  batch.columns = {Flat(kBool, left), Flat(kBool, right)};
  const ExprPtr a = MakeColumnRef(0, kBool, "a");
  const ExprPtr b = MakeColumnRef(1, kBool, "b");
  std::vector<uint8_t> truth(9);
  ASSERT_TRUE(EvaluateTruth(*Make(ExprKind::kAnd, kBool, {a, b}), batch, truth).ok());
  EXPECT_EQ(truth, both);
  ASSERT_TRUE(EvaluateTruth(*Make(ExprKind::kOr, kBool, {a, b}), batch, truth).ok());
  EXPECT_EQ(truth, either);
  ASSERT_TRUE(EvaluateTruth(*Make(ExprKind::kNot, kBool, {a}), batch, truth).ok());
  EXPECT_EQ(truth, (std::vector<uint8_t>{1, 1, 1, 0, 0, 0, 2, 2, 2}));
  std::vector<uint32_t> rows;
  ASSERT_TRUE(SelectRows(*Make(ExprKind::kAnd, kBool, {a, b}), batch, rows).ok());
  EXPECT_EQ(rows, std::vector<uint32_t>{4});
}

TEST(EvaluatorTest, BranchesThatCanFailSeeOnlyTheRowsThatReachThem) {
  Batch batch;
  batch.num_rows = 3;
  batch.columns = {Flat(kInt64, {Value::Int64(0), Value::Int64(2), Value::Null(kInt64)})};
  const ExprPtr x = MakeColumnRef(0, kInt64, "x");
  const ExprPtr zero = Literal(Value::Int64(0));
  const ExprPtr ratio =
      Make(ExprKind::kArith, kInt64, {Literal(Value::Int64(10)), x}, ExprOp::kDivide);
  const ExprPtr large = Compare(ExprOp::kGt, ratio, zero);
  std::vector<uint8_t> truth(3);
  EXPECT_EQ(EvaluateTruth(*large, batch, truth).code(), StatusCode::kInvalidArgument);
  const ExprPtr guarded = Make(ExprKind::kAnd, kBool, {Compare(ExprOp::kNe, x, zero), large});
  ASSERT_TRUE(EvaluateTruth(*guarded, batch, truth).ok());
  EXPECT_EQ(truth, (std::vector<uint8_t>{kFalse, kTrue, kUnknown}));
  const ExprPtr choice =
      Make(ExprKind::kCase, kInt64, {Compare(ExprOp::kEq, x, zero), zero, ratio});
  const auto value = Evaluate(*choice, batch);
  ASSERT_TRUE(value.has_value()) << value.error().ToString();
  EXPECT_EQ(value->ValueAt(0), Value::Int64(0));
  EXPECT_EQ(value->ValueAt(1), Value::Int64(5));
  EXPECT_TRUE(value->ValueAt(2).is_null());
}

TEST(EvaluatorTest, IntegersDoNotWrap) {
  Batch batch;
  batch.num_rows = 1;
  batch.columns = {Flat(kInt64, {Value::Int64(std::numeric_limits<int64_t>::max())}),
                   Flat(kUint64, {Value::Uint64(1)})};
  const ExprPtr x = MakeColumnRef(0, kInt64, "x");
  const ExprPtr u = MakeColumnRef(1, kUint64, "u");
  const auto code = [&](const ExprPtr& expr) { return Evaluate(*expr, batch).error().code(); };
  const ExprPtr one = Literal(Value::Int64(1));
  EXPECT_EQ(code(Make(ExprKind::kArith, kInt64, {x, one}, ExprOp::kAdd)), StatusCode::kOutOfRange);
  EXPECT_EQ(code(Make(ExprKind::kArith, kInt64, {x, x}, ExprOp::kMultiply)),
            StatusCode::kOutOfRange);
  EXPECT_EQ(
      code(Make(ExprKind::kArith, kUint64, {u, Literal(Value::Uint64(2))}, ExprOp::kSubtract)),
      StatusCode::kOutOfRange);
}

TEST(EvaluatorTest, NanIsGreaterThanEveryNumberAndEqualToItself) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  Batch batch;
  batch.num_rows = 3;
  batch.columns = {
      Flat(kFloat64, {Value::Float64(nan), Value::Float64(infinity), Value::Float64(0)}),
      Flat(kFloat64, {Value::Float64(nan), Value::Float64(nan), Value::Float64(-0.0)})};
  const ExprPtr a = MakeColumnRef(0, kFloat64, "a");
  const ExprPtr b = MakeColumnRef(1, kFloat64, "b");
  std::vector<uint8_t> truth(3);
  ASSERT_TRUE(EvaluateTruth(*Compare(ExprOp::kEq, a, b), batch, truth).ok());
  EXPECT_EQ(truth, (std::vector<uint8_t>{kTrue, kFalse, kTrue}));
  ASSERT_TRUE(EvaluateTruth(*Compare(ExprOp::kLt, a, b), batch, truth).ok());
  EXPECT_EQ(truth, (std::vector<uint8_t>{kFalse, kTrue, kFalse}));
}

// A column of integers below 100 with NULLs, packed as a part hands it out.
struct PackedValues {
  std::vector<uint8_t> lanes;
  std::vector<uint8_t> validity;
};

TEST(EvaluatorTest, EveryFormGivesWhatItsFlatFormGives) {
  std::mt19937_64 random(4);
  constexpr uint32_t kRows = 300;
  const auto dictionary =
      std::make_shared<std::vector<std::string>>(std::vector<std::string>{"a", "ab", "", "zz"});
  for (int round = 0; round < 30; ++round) {
    Batch batch;
    batch.num_rows = kRows;
    // i: packed; s: dictionary; c: constant.
    const auto packed = std::make_shared<PackedValues>();
    Column strings;
    strings.form = Column::Form::kDictionary;
    strings.type = kString;
    strings.dictionary = dictionary.get();
    strings.keep_alive = dictionary;
    for (uint32_t row = 0; row < kRows; ++row) {
      packed->lanes.push_back(static_cast<uint8_t>(random() % 100));
      packed->validity.push_back(random() % 5 != 0 ? 1 : 0);
      strings.codes.push_back(static_cast<int32_t>(random() % 5) - 1);
    }
    Column numbers;
    numbers.form = Column::Form::kPacked;
    numbers.type = kInt64;
    numbers.packed.type = kInt64;
    numbers.packed.lanes = Lanes::kU8;
    numbers.packed.num_rows = kRows;
    numbers.packed.base = static_cast<uint64_t>(int64_t{-50});
    numbers.packed.data = packed->lanes.data();
    numbers.packed.validity = round % 3 == 0 ? nullptr : packed->validity.data();
    numbers.keep_alive = packed;
    Column decimals = numbers;
    decimals.type = kFloat64;
    decimals.packed.type = kFloat64;
    decimals.packed.scale.digits = 1;
    batch.columns = {numbers, strings, Column::Constant(Value::Int64(7), kInt64), decimals};
    Batch flat;
    flat.num_rows = kRows;
    for (const auto& column : batch.columns)
      flat.columns.push_back(Column(column).Flatten(kRows));

    const ExprPtr i = MakeColumnRef(0, kInt64, "i");
    const ExprPtr s = MakeColumnRef(1, kString, "s");
    const ExprPtr c = MakeColumnRef(2, kInt64, "c");
    const ExprPtr d = MakeColumnRef(3, kFloat64, "d");
    const ExprPtr sum = Make(ExprKind::kArith, kInt64, {i, c}, ExprOp::kAdd);
    auto upper = std::make_shared<Expr>();
    upper->kind = ExprKind::kCall;
    upper->type = kString;
    upper->args = {s};
    upper->function = FindFunction("upper", std::vector<DataType>{kString})->function;
    const ExprPtr exprs[] = {
        sum,
        Make(ExprKind::kCast, kFloat64, {i}),
        Make(ExprKind::kCast, kString, {sum}),
        upper,
        Compare(ExprOp::kGt, i, c),
        Compare(ExprOp::kLe, c, sum),
        Compare(ExprOp::kLt, d, Literal(Value::Float64(1.3))),
        Compare(ExprOp::kLe, d, Literal(Value::Float64(1.3))),
        Compare(ExprOp::kGt, d, Literal(Value::Float64(-0.0))),
        Compare(ExprOp::kGe, Literal(Value::Float64(0.25)), d),
        Compare(ExprOp::kEq, d, Literal(Value::Float64(1.3))),
        Compare(ExprOp::kNe, d, Literal(Value::Float64(1.35))),
        Compare(ExprOp::kGe, d, Literal(Value::Float64(1000))),
        Compare(ExprOp::kLe, d, Literal(Value::Float64(std::nan("")))),
        Compare(ExprOp::kEq, d, Literal(Value::Float64(std::nan("")))),
        Compare(ExprOp::kNe, s, Literal(Value::String("ab"))),
        Make(ExprKind::kIn, kBool, {s, Literal(Value::String("a")), Literal(Value::Null(kString))}),
        Make(ExprKind::kIn, kBool, {i, Literal(Value::Int64(0)), Literal(Value::Int64(1))}),
        Make(ExprKind::kLike, kBool, {s, Literal(Value::String("a%"))}),
        Make(ExprKind::kIsNull, kBool, {i}),
        Make(ExprKind::kNot, kBool, {Make(ExprKind::kIsNull, kBool, {s})}),
        Make(ExprKind::kArith, kInt64, {sum}, ExprOp::kNegate),
        Make(ExprKind::kCase, kInt64, {Compare(ExprOp::kLt, i, c), i, c}),
    };
    for (size_t n = 0; n < std::size(exprs); ++n) {
      const auto got = Evaluate(*exprs[n], batch);
      const auto expected = Evaluate(*exprs[n], flat);
      ASSERT_TRUE(got.has_value() && expected.has_value()) << n;
      for (uint32_t row = 0; row < kRows; ++row)
        ASSERT_EQ(got->ValueAt(row), expected->ValueAt(row))
            << "expression " << n << " row " << row;
    }
    // Rows are what one row alone would be.
    for (uint32_t row = 0; row < kRows; row += 17) {
      const Batch one = batch.Gather(std::vector<uint32_t>{row});
      for (const auto& expr : exprs) {
        ASSERT_EQ(Evaluate(*expr, one)->ValueAt(0), Evaluate(*expr, batch)->ValueAt(row));
      }
    }
  }
}

TEST(CastTest, ConvertsWhatFits) {
  struct {
    Value from;
    DataType to;
    const char* text;  // nullptr: fails.
  } const kCases[] = {
      {Value::Float64(2.5), kInt64, "2"},  // To the even one.
      {Value::Float64(3.5), kInt64, "4"},
      {Value::Float64(-0.4), kUint64, "0"},
      {Value::Float64(-1), kUint64, nullptr},
      {Value::Float64(9.3e18), kInt64, nullptr},
      {Value::Float64(std::numeric_limits<double>::quiet_NaN()), kInt64, nullptr},
      {Value::Int64(-1), kUint64, nullptr},
      {Value::Int64(-1), kBool, "true"},
      {Value::Int64(5), kFloat64, "5"},
      {Value::Uint64(std::numeric_limits<uint64_t>::max()), kInt64, nullptr},
      {Value::Bool(true), kInt64, "1"},
      {Value::String(" +42 "), kInt64, "42"},
      {Value::String("4.2"), kInt64, nullptr},
      {Value::String("1e3"), kFloat64, "1000"},
      {Value::String("Yes"), kBool, "true"},
      {Value::String("maybe"), kBool, nullptr},
      {Value::String("2024-01-01"), kTimestamp, "2024-01-01T00:00:00.000000000Z"},
      {Value::String("90m"), kInterval, "01:30:00"},
      {Value::Timestamp(1), kInt64, "1"},
      {Value::Int64(0), kTimestamp, "1970-01-01T00:00:00.000000000Z"},
      {Value::Float64(0.1), kString, "0.1"},
      {Value::Null(kInt64), kString, "NULL"},
  };
  for (const auto& [from, to, text] : kCases) {
    const std::string name = FormatValue(from) + " as " + std::string(DataTypeName(to));
    const auto constant = CastColumn(Column::Constant(from, from.type), to, 2);
    const auto rows = CastColumn(Flat(from.type, {from, Value::Null(from.type)}), to, 2);
    ASSERT_EQ(constant.has_value(), text != nullptr) << name;
    ASSERT_EQ(rows.has_value(), text != nullptr) << name;
    if (text == nullptr) continue;
    EXPECT_EQ(FormatValue(constant->ValueAt(1)), text) << name;
    EXPECT_EQ(FormatValue(rows->ValueAt(0)), text) << name;
    EXPECT_TRUE(rows->IsNull(1)) << name;
  }
  EXPECT_FALSE(CanCast(kTimestamp, kFloat64));
  EXPECT_FALSE(CanCast(kTimestamp, kInterval));
  EXPECT_FALSE(CanCast(kBool, kTimestamp));
}

TEST(FunctionRegistryTest, PicksTheCheapestOverload) {
  const auto signature = [](std::string_view name, std::vector<DataType> types,
                            std::vector<uint8_t> literals = {}) {
    const auto match = FindFunction(name, types, literals);
    return match ? match->function->Signature() : std::string(match.error().message());
  };
  EXPECT_EQ(signature("abs", {kInt64}), "abs(int64) -> int64");
  EXPECT_EQ(signature("abs", {kFloat64}), "abs(float64) -> float64");
  EXPECT_EQ(signature("sqrt", {kInt64}), "sqrt(float64) -> float64");
  EXPECT_EQ(signature("coalesce", {kNull, kString}), "coalesce(string, ...) -> string");
  EXPECT_EQ(signature("time_bucket", {kString, kTimestamp}, {1, 0}),
            "time_bucket(interval, timestamp) -> timestamp");
  EXPECT_TRUE(
      signature("time_bucket", {kString, kTimestamp}).starts_with("no function time_bucket("));
  EXPECT_EQ(signature("sqtr", {kFloat64}), "no function \"sqtr\". Did you mean \"sqrt\"?");
  EXPECT_EQ(signature("qqqqqqq", {}), "no function \"qqqqqqq\"; see system.functions");
}

}  // namespace
}  // namespace stria::query
