#include "tests/support/reference_aggregate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "storage/base/int128.h"

namespace stria::query {
namespace {

using Values = std::vector<Value>;

long double NumberOf(const Value& value) {
  switch (value.type) {
    case DataType::kFloat64: return value.float64();
    case DataType::kUint64: return static_cast<long double>(value.uint64());
    default: return static_cast<long double>(value.int64());
  }
}

bool IsLess(const Value& a, const Value& b) {
  return ReferenceOrderOf(a, b) < 0;
}

Value SumValue(const AggregateCall& call, const std::vector<Value>& values) {
  if (call.argument->type == DataType::kFloat64) {
    double sum = 0;
    for (const auto& value : values)
      sum += value.float64();
    return Value::Float64(
        call.kind == AggregateKind::kSum ? sum : sum / static_cast<double>(values.size()));
  }
  Int128 sum = 0;
  for (const auto& value : values)
    sum += value.type == DataType::kUint64 ? Int128{value.uint64()} : Int128{value.int64()};
  if (call.kind == AggregateKind::kAvg) {
    return Value::Float64(static_cast<double>(static_cast<long double>(sum) /
                                              static_cast<long double>(values.size())));
  }
  return call.type == DataType::kUint64 ? Value::Uint64(static_cast<uint64_t>(sum))
                                        : Value::Int64(static_cast<int64_t>(sum));
}

// The value of the least or greatest order; among those of one order the least or greatest value.
Value EndValue(const AggregateCall& call, const std::vector<ReferenceRow>& rows) {
  const int wanted =
      call.kind == AggregateKind::kFirst || call.kind == AggregateKind::kMinBy ? -1 : 1;
  Value best = Value::Null(call.type);
  Value best_time;
  for (const auto& row : rows) {
    const Value value = ReferenceValue(*call.argument, row);
    const Value time = ReferenceValue(*call.order, row);
    if (value.is_null() || time.is_null()) continue;
    if (best.is_null() || ReferenceOrderOf(time, best_time) == wanted ||
        (ReferenceOrderOf(time, best_time) == 0 && ReferenceOrderOf(value, best) == wanted)) {
      best = value;
      best_time = time;
    }
  }
  return best;
}

Value Number(long double number) {
  return Value::Float64(static_cast<double>(number));
}

Value VarianceValue(AggregateKind kind, const Values& values) {
  const bool is_sample = kind == AggregateKind::kStddevSamp || kind == AggregateKind::kVarSamp;
  if (values.size() < (is_sample ? 2U : 1U)) return Value::Null(DataType::kFloat64);
  long double mean = 0;
  for (const auto& value : values)
    mean += NumberOf(value) / static_cast<long double>(values.size());
  long double squares = 0;
  for (const auto& value : values)
    squares += (NumberOf(value) - mean) * (NumberOf(value) - mean);
  const long double variance =
      squares / static_cast<long double>(values.size() - (is_sample ? 1 : 0));
  const bool is_root = kind == AggregateKind::kStddevSamp || kind == AggregateKind::kStddevPop;
  return Number(is_root ? std::sqrt(variance) : variance);
}

Value PercentileValue(const AggregateCall& call, Values values) {
  std::ranges::sort(values, IsLess);
  const double fraction = call.parameters[0];
  const auto last = static_cast<double>(values.size() - 1);
  if (call.kind == AggregateKind::kApproxPercentile)
    return Number(NumberOf(values[static_cast<size_t>(fraction * last)]));
  if (call.kind == AggregateKind::kPercentileDisc) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (static_cast<double>(i + 1) >= fraction * static_cast<double>(values.size()))
        return values[i];
    }
    return values.back();
  }
  const auto below = static_cast<size_t>(fraction * last);
  const size_t above = std::min(below + 1, values.size() - 1);
  const long double share = fraction * last - static_cast<double>(below);
  const long double low = NumberOf(values[below]);
  const long double high = NumberOf(values[above]);
  const long double between = low == high || share == 0 ? low : low + share * (high - low);
  if (call.type == DataType::kInterval) return Value::Interval(std::llround(between));
  return Number(between);
}

Value ModeValue(const Values& values) {
  const auto count = [&](const Value& value) {
    return std::ranges::count_if(
        values, [&](const Value& other) { return ReferenceOrderOf(value, other) == 0; });
  };
  return *std::ranges::max_element(values, [&](const Value& a, const Value& b) {
    if (count(a) != count(b)) return count(a) < count(b);
    return IsLess(b, a);
  });
}

Values DistinctOf(Values values) {
  Values distinct;
  for (auto& value : values) {
    const auto is_same = [&](const Value& other) { return ReferenceOrderOf(value, other) == 0; };
    if (std::ranges::none_of(distinct, is_same)) distinct.push_back(std::move(value));
  }
  return distinct;
}

Value HistogramValue(const AggregateCall& call, const Values& values) {
  const double low = call.parameters[0];
  const double high = call.parameters[1];
  const auto num_buckets = static_cast<size_t>(call.parameters[2]);
  std::string text = "[";
  for (size_t bucket = 0; bucket < num_buckets + 2; ++bucket) {
    const auto is_in = [&](const Value& value) {
      const auto number = static_cast<double>(NumberOf(value));
      if (number < low) return bucket == 0;
      if (!(number < high)) return bucket == num_buckets + 1;
      const double steps = (number - low) / (high - low) * call.parameters[2];
      return bucket == std::min(static_cast<size_t>(steps), num_buckets - 1) + 1;
    };
    text += (bucket == 0 ? "" : ",") + std::to_string(std::ranges::count_if(values, is_in));
  }
  return Value::String(text + "]");
}

Value TimeSeriesValue(const AggregateCall& call, const std::vector<ReferenceRow>& rows) {
  std::vector<std::pair<Value, Value>> points;
  for (const auto& row : rows) {
    Value time = ReferenceValue(*call.order, row);
    Value value = ReferenceValue(*call.argument, row);
    if (!time.is_null() && !value.is_null()) points.emplace_back(std::move(time), std::move(value));
  }
  std::ranges::sort(points, [](const auto& a, const auto& b) {
    const int order = ReferenceOrderOf(a.first, b.first);
    return order != 0 ? order < 0 : IsLess(a.second, b.second);
  });
  const Value null = Value::Null(DataType::kFloat64);
  if (points.empty()) return null;
  const auto seconds = [&](size_t i) {
    return (NumberOf(points[i].first) - NumberOf(points[0].first)) / 1e9L;
  };
  const auto number = [&](size_t i) { return NumberOf(points[i].second); };
  const size_t last = points.size() - 1;
  if (call.kind == AggregateKind::kTimeWeightedAvg) {
    if (seconds(last) == 0) return Number(number(last));
    long double sum = 0;
    for (size_t i = 0; i < last; ++i)
      sum += number(i) * (seconds(i + 1) - seconds(i));
    return Number(sum / seconds(last));
  }
  if (last == 0) return null;
  if (call.kind == AggregateKind::kDelta) return Number(number(last) - number(0));
  if (call.kind == AggregateKind::kDerivative) {
    const auto count = static_cast<long double>(points.size());
    long double t = 0, v = 0, tt = 0, tv = 0;
    for (size_t i = 0; i <= last; ++i) {
      t += seconds(i);
      v += number(i);
      tt += seconds(i) * seconds(i);
      tv += seconds(i) * number(i);
    }
    const long double spread = count * tt - t * t;
    return seconds(last) == 0 ? null : Number((count * tv - t * v) / spread);
  }
  long double increase = 0;
  for (size_t i = 1; i <= last; ++i)
    increase += number(i) < number(i - 1) ? number(i) : number(i) - number(i - 1);
  if (call.kind == AggregateKind::kIncrease) return Number(increase);
  return seconds(last) == 0 ? null : Number(increase / seconds(last));
}

}  // namespace

Value ReferenceAggregate(const AggregateCall& call, const std::vector<ReferenceRow>& rows) {
  if (call.kind == AggregateKind::kCountStar)
    return Value::Int64(static_cast<int64_t>(rows.size()));
  if (call.kind >= AggregateKind::kIncrease) return TimeSeriesValue(call, rows);
  if (call.order != nullptr) return EndValue(call, rows);
  Values values;
  for (const auto& row : rows) {
    Value value = ReferenceValue(*call.argument, row);
    if (!value.is_null()) values.push_back(std::move(value));
  }
  if (call.is_distinct) values = DistinctOf(std::move(values));
  if (call.kind == AggregateKind::kCount) return Value::Int64(static_cast<int64_t>(values.size()));
  if (call.kind == AggregateKind::kApproxCountDistinct)
    return Value::Int64(static_cast<int64_t>(DistinctOf(std::move(values)).size()));
  if (values.empty()) return Value::Null(call.type);
  switch (call.kind) {
    case AggregateKind::kSum:
    case AggregateKind::kAvg: return SumValue(call, values);
    case AggregateKind::kMin: return *std::ranges::min_element(values, IsLess);
    case AggregateKind::kMax: return *std::ranges::max_element(values, IsLess);
    case AggregateKind::kStddevSamp:
    case AggregateKind::kStddevPop:
    case AggregateKind::kVarSamp:
    case AggregateKind::kVarPop: return VarianceValue(call.kind, values);
    case AggregateKind::kPercentileCont:
    case AggregateKind::kPercentileDisc:
    case AggregateKind::kApproxPercentile: return PercentileValue(call, values);
    case AggregateKind::kMode: return ModeValue(values);
    case AggregateKind::kHistogram: return HistogramValue(call, values);
    default: break;
  }
  std::fputs("an aggregate that the reference does not know\n", stderr);
  std::abort();
}

}  // namespace stria::query
