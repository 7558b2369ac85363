#include "query/aggregate/time_series.h"

#include <algorithm>

#include "query/aggregate/numbers.h"
#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

// Times may be as far apart as int64 goes, so the difference is taken of doubles where it must be.
double SecondsBetween(int64_t begin, int64_t end) {
  return DifferenceOf(DataType::kTimestamp, static_cast<uint64_t>(end),
                      static_cast<uint64_t>(begin)) /
         1e9;
}

}  // namespace

void TimeSeries::AddRows(std::span<const uint32_t> groups, const Column* values,
                         const Column* order) {
  if (values->type == DataType::kNull || order->type == DataType::kNull) return;
  const auto num_rows = static_cast<uint32_t>(groups.size());
  const PlainView value_view(*values, num_rows);
  const PlainView time_view(*order, num_rows);
  if (value_view.all_null() || time_view.all_null()) return;
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (!value_view.IsValid(row) || !time_view.IsValid(row)) continue;
    values_.Add(groups[row], value_view.Word(row), static_cast<int64_t>(time_view.Word(row)));
  }
}

void TimeSeries::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  values_.Merge(static_cast<const TimeSeries&>(other).values_, mapping);
}

void TimeSeries::SortByTime(std::span<uint64_t> values, std::span<int64_t> times) {
  const bool is_sorted =
      std::ranges::adjacent_find(times, std::greater_equal<>()) == times.end();  // Strictly rising.
  if (is_sorted) return;
  points_.clear();
  for (size_t i = 0; i < times.size(); ++i)
    points_.emplace_back(times[i], values[i]);
  std::ranges::sort(points_, [this](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return CompareBits(argument_, a.second, b.second) < 0;
  });
  for (size_t i = 0; i < times.size(); ++i) {
    times[i] = points_[i].first;
    values[i] = points_[i].second;
  }
}

double TimeSeries::Increase(std::span<const uint64_t> values) const {
  double sum = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const bool began_again = CompareBits(argument_, values[i], values[i - 1]) < 0;
    sum += began_again ? NumberOf(argument_, values[i])
                       : DifferenceOf(argument_, values[i], values[i - 1]);
  }
  return sum;
}

std::optional<double> TimeSeries::Derivative(std::span<const uint64_t> values,
                                             std::span<const int64_t> times) const {
  const auto count = static_cast<double>(values.size());
  double mean_time = 0;
  double mean_value = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    mean_time += SecondsBetween(times[0], times[i]) / count;
    mean_value += DifferenceOf(argument_, values[i], values[0]) / count;
  }
  double squares = 0;
  double products = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double time = SecondsBetween(times[0], times[i]) - mean_time;
    squares += time * time;
    products += time * (DifferenceOf(argument_, values[i], values[0]) - mean_value);
  }
  if (squares == 0) return std::nullopt;
  return products / squares;
}

double TimeSeries::TimeWeightedAverage(std::span<const uint64_t> values,
                                       std::span<const int64_t> times) const {
  const double whole = SecondsBetween(times.front(), times.back());
  if (whole == 0) return NumberOf(argument_, values.back());
  double sum = 0;
  for (size_t i = 0; i + 1 < values.size(); ++i)
    sum += NumberOf(argument_, values[i]) * SecondsBetween(times[i], times[i + 1]);
  return sum / whole;
}

std::optional<double> TimeSeries::ResultOf(std::span<uint64_t> values, std::span<int64_t> times) {
  if (values.empty()) return std::nullopt;
  if (kind_ != AggregateKind::kTimeWeightedAvg && values.size() < 2) return std::nullopt;
  SortByTime(values, times);
  switch (kind_) {
    case AggregateKind::kIncrease: return Increase(values);
    case AggregateKind::kRate: {
      const double seconds = SecondsBetween(times.front(), times.back());
      if (seconds == 0) return std::nullopt;
      return Increase(values) / seconds;
    }
    case AggregateKind::kDelta: return DifferenceOf(argument_, values.back(), values.front());
    case AggregateKind::kDerivative: return Derivative(values, times);
    default: return TimeWeightedAverage(values, times);
  }
}

Result<Column> TimeSeries::Finish(std::span<const uint32_t> groups) {
  if (!is_sorted_) values_.SortByGroup();
  is_sorted_ = true;
  return NumberColumn(groups, [&](uint32_t group) {
    return ResultOf(values_.values(group), values_.times(group));
  });
}

}  // namespace stria::query
