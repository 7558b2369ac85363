#include "query/aggregate/basic_accumulator.h"

#include <bit>
#include <limits>
#include <memory>
#include <utility>

#include "query/expr/evaluator.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

using storage::AggregateSet;
using storage::SliceTotals;

AggregateSet WantedFor(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount: return 0;
    case AggregateKind::kSum:
    case AggregateKind::kAvg: return storage::kWantSum;
    case AggregateKind::kMin: return storage::kWantMin;
    case AggregateKind::kMax: return storage::kWantMax;
    case AggregateKind::kFirst: return storage::kWantFirst;
    case AggregateKind::kLast: return storage::kWantLast;
    default: return 0;
  }
}

double ExactAverage(Int128 sum, uint64_t count) {
  // Within 2^53 both are doubles and the division rounds once; beyond, the wider mantissa of long
  // double keeps the first rounding from being seen.
  constexpr Int128 kExact = Int128{1} << 53;
  if (sum <= kExact && sum >= -kExact) {
    return static_cast<double>(static_cast<int64_t>(sum)) / static_cast<double>(count);
  }
  return static_cast<double>(static_cast<long double>(sum) / static_cast<long double>(count));
}

int OrderOf(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

Column FlatColumn(DataType type, size_t num_rows) {
  Column column;
  column.type = type;
  column.bits.resize(num_rows);
  return column;
}

}  // namespace

uint64_t AverageBits(Int128 sum, uint64_t count, DataType type) {
  if (type != DataType::kInterval) return std::bit_cast<uint64_t>(ExactAverage(sum, count));
  const Int128 divisor{count};
  const Int128 half = sum < 0 ? -(divisor / 2) : divisor / 2;
  return static_cast<uint64_t>(static_cast<int64_t>((sum + half) / divisor));
}

Result<uint64_t> IntegerSumBits(Int128 sum, DataType type, std::string_view text) {
  const bool is_unsigned = type == DataType::kUint64;
  const Int128 least = is_unsigned ? Int128{0} : Int128{std::numeric_limits<int64_t>::min()};
  const Int128 greatest = is_unsigned ? Int128{std::numeric_limits<uint64_t>::max()}
                                      : Int128{std::numeric_limits<int64_t>::max()};
  if (sum >= least && sum <= greatest) return static_cast<uint64_t>(sum);
  return OutOfRange("{} does not fit {}; cast its argument to float64", text, DataTypeName(type));
}

BasicAccumulator::BasicAccumulator(const AggregateCall& call)
    : kind_(call.kind),
      argument_(call.argument == nullptr ? DataType::kNull : call.argument->type),
      result_(call.type),
      wanted_(WantedFor(call.kind)),
      text_(call.text) {}

void BasicAccumulator::Resize(size_t num_groups) {
  counts_.resize(num_groups);
  if (is_sum()) {
    if (argument_ == DataType::kFloat64) {
      float_sums_.resize(num_groups);
    } else {
      int_sums_.resize(num_groups);
    }
  }
  if (is_by_time()) times_.resize(num_groups);
  if (!is_extreme() && !is_by_time()) return;
  if (argument_ == DataType::kString) {
    strings_.resize(num_groups);
  } else {
    words_.resize(num_groups);
  }
}

void BasicAccumulator::AddRows(std::span<const uint32_t> groups, const Column* values,
                               const Column* times) {
  if (kind_ == AggregateKind::kCountStar) {
    for (const uint32_t group : groups)
      ++counts_[group];
    return;
  }
  if (values->type == DataType::kNull) return;
  const auto num_rows = static_cast<uint32_t>(groups.size());
  const PlainView view(*values, num_rows);
  if (view.all_null()) return;
  if (kind_ == AggregateKind::kCount) return CountRows(groups, view);
  if (is_sum()) return SumRows(groups, view);
  const auto add = [&](uint32_t row, int64_t time) {
    if (argument_ == DataType::kString) {
      AddString(groups[row], view.String(row), time);
    } else {
      AddWord(groups[row], view.Word(row), time);
    }
  };
  if (is_extreme()) {
    for (uint32_t row = 0; row < num_rows; ++row) {
      if (view.IsValid(row)) add(row, 0);
    }
    return;
  }
  if (times->type == DataType::kNull) return;
  const PlainView time_view(*times, num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (view.IsValid(row) && time_view.IsValid(row))
      add(row, static_cast<int64_t>(time_view.Word(row)));
  }
}

bool BasicAccumulator::AddBatch(const Column* values, uint32_t num_rows) {
  using storage::kWantMax, storage::kWantMin, storage::kWantSum;
  if (values == nullptr) {
    AddCount(0, num_rows);
    return true;
  }
  if (values->form != Column::Form::kPacked || values->type == DataType::kString) return false;
  if ((wanted_ & ~(kWantSum | kWantMin | kWantMax)) != 0) return false;
  const storage::RowSlice slice{0, num_rows};
  SliceTotals totals;
  AggregateSlices(values->packed, wanted_, {&slice, 1}, &totals);
  const uint32_t group = 0;
  AddSlices({&group, 1}, values->packed, &totals, nullptr);
  return true;
}

void BasicAccumulator::CountRows(std::span<const uint32_t> groups, const PlainView& values) {
  const uint8_t* validity = values.validity();
  for (size_t row = 0; row < groups.size(); ++row)
    counts_[groups[row]] += validity == nullptr ? 1U : validity[row];
}

void BasicAccumulator::SumRows(std::span<const uint32_t> groups, const PlainView& values) {
  const auto add_to = [&](auto& sums, auto value_of) {
    for (uint32_t row = 0; row < groups.size(); ++row) {
      if (!values.IsValid(row)) continue;
      sums[groups[row]] += value_of(values.Word(row));
      ++counts_[groups[row]];
    }
  };
  if (argument_ == DataType::kFloat64) {
    add_to(float_sums_, [](uint64_t bits) { return std::bit_cast<double>(bits); });
  } else if (argument_ == DataType::kUint64) {
    add_to(int_sums_, [](uint64_t bits) { return Int128{bits}; });
  } else {
    add_to(int_sums_, [](uint64_t bits) { return Int128{static_cast<int64_t>(bits)}; });
  }
}

void BasicAccumulator::AddSlices(std::span<const uint32_t> groups, const VectorView& view,
                                 const SliceTotals* totals, const int64_t* times) {
  if (view.all_null) return;
  switch (kind_) {
    case AggregateKind::kCountStar: return;
    case AggregateKind::kCount:
      for (size_t i = 0; i < groups.size(); ++i)
        counts_[groups[i]] += totals[i].count;
      return;
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      for (size_t i = 0; i < groups.size(); ++i) {
        if (totals[i].count == 0) continue;
        counts_[groups[i]] += totals[i].count;
        if (argument_ == DataType::kFloat64) {
          float_sums_[groups[i]] += totals[i].float_sum;
        } else {
          int_sums_[groups[i]] += totals[i].int_sum;
        }
      }
      return;
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      for (size_t i = 0; i < groups.size(); ++i) {
        if (totals[i].count == 0) continue;
        AddWord(groups[i], kind_ == AggregateKind::kMin ? totals[i].min : totals[i].max, 0);
      }
      return;
    case AggregateKind::kFirst:
    case AggregateKind::kLast:
      for (size_t i = 0; i < groups.size(); ++i) {
        if (totals[i].count == 0) continue;
        const uint32_t row =
            kind_ == AggregateKind::kFirst ? totals[i].first_row : totals[i].last_row;
        if (argument_ == DataType::kString) {
          AddString(groups[i], view.String(row), times[i]);
        } else {
          AddWord(groups[i], view.Bits(row), times[i]);
        }
      }
      return;
    default: return;
  }
}

// Whether a value at `time` takes the place of the one kept; `order` is how it compares to it.
bool BasicAccumulator::IsBetterAt(uint32_t group, int64_t time, int order) const {
  if (counts_[group] == 0) return true;
  const bool wants_smaller = kind_ == AggregateKind::kMin || kind_ == AggregateKind::kFirst;
  if (is_by_time() && time != times_[group]) return (time < times_[group]) == wants_smaller;
  return wants_smaller ? order < 0 : order > 0;
}

void BasicAccumulator::AddWord(uint32_t group, uint64_t bits, int64_t time) {
  if (!IsBetterAt(group, time, CompareBits(argument_, bits, words_[group]))) return;
  counts_[group] = 1;
  words_[group] = bits;
  if (is_by_time()) times_[group] = time;
}

void BasicAccumulator::AddString(uint32_t group, std::string_view text, int64_t time) {
  if (!IsBetterAt(group, time, OrderOf(text, strings_[group]))) return;
  counts_[group] = 1;
  SetString(group, text);
  if (is_by_time()) times_[group] = time;
}

void BasicAccumulator::SetString(uint32_t group, std::string_view text) {
  std::string& kept = strings_[group];
  const size_t capacity_before = kept.capacity();  // Never shrinks.
  kept.assign(text);
  text_bytes_ += kept.capacity() - capacity_before;
}

void BasicAccumulator::Merge(const Accumulator& accumulator, std::span<const uint32_t> mapping) {
  const auto& other = static_cast<const BasicAccumulator&>(accumulator);
  for (size_t i = 0; i < mapping.size(); ++i) {
    if (other.counts_[i] == 0) continue;
    const uint32_t group = mapping[i];
    if (is_extreme() || is_by_time()) {
      const int64_t time = is_by_time() ? other.times_[i] : 0;
      if (argument_ == DataType::kString) {
        AddString(group, other.strings_[i], time);
      } else {
        AddWord(group, other.words_[i], time);
      }
      continue;
    }
    counts_[group] += other.counts_[i];
    if (!is_sum()) continue;
    if (argument_ == DataType::kFloat64) {
      float_sums_[group] += other.float_sums_[i];
    } else {
      int_sums_[group] += other.int_sums_[i];
    }
  }
}

Result<Column> BasicAccumulator::Finish(std::span<const uint32_t> groups) {
  switch (kind_) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount: {
      Column column = FlatColumn(result_, groups.size());
      for (size_t i = 0; i < groups.size(); ++i)
        column.bits[i] = counts_[groups[i]];
      return column;
    }
    case AggregateKind::kSum: return FinishSums(groups);
    case AggregateKind::kAvg: return FinishAverages(groups);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kFirst:
    case AggregateKind::kLast:
    default: return FinishValues(groups);
  }
}

Result<Column> BasicAccumulator::FinishSums(std::span<const uint32_t> groups) const {
  Column column = FlatColumn(result_, groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    if (counts_[groups[i]] == 0) continue;
    if (argument_ == DataType::kFloat64) {
      column.bits[i] = std::bit_cast<uint64_t>(float_sums_[groups[i]]);
      continue;
    }
    STRIA_ASSIGN_OR_RETURN(column.bits[i], IntegerSumBits(int_sums_[groups[i]], result_, text_));
  }
  MarkEmpty(groups, column);
  return column;
}

Column BasicAccumulator::FinishAverages(std::span<const uint32_t> groups) const {
  Column column = FlatColumn(result_, groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    const uint64_t count = counts_[groups[i]];
    if (count == 0) continue;
    column.bits[i] =
        argument_ == DataType::kFloat64
            ? std::bit_cast<uint64_t>(float_sums_[groups[i]] / static_cast<double>(count))
            : AverageBits(int_sums_[groups[i]], count, result_);
  }
  MarkEmpty(groups, column);
  return column;
}

Column BasicAccumulator::FinishValues(std::span<const uint32_t> groups) const {
  if (result_ == DataType::kNull) return Column::Constant(Value::Null(result_), result_);
  Column column;
  column.type = result_;
  if (argument_ == DataType::kString) {
    const auto texts = std::make_shared<std::vector<std::string>>();
    texts->reserve(groups.size());
    for (const uint32_t group : groups)
      texts->push_back(strings_[group]);
    column.strings.assign(texts->begin(), texts->end());
    column.keep_alive = texts;
  } else {
    for (const uint32_t group : groups)
      column.bits.push_back(words_[group]);
  }
  MarkEmpty(groups, column);
  return column;
}

// Groups without a value are NULL.
void BasicAccumulator::MarkEmpty(std::span<const uint32_t> groups, Column& column) const {
  for (size_t i = 0; i < groups.size(); ++i) {
    if (counts_[groups[i]] > 0) continue;
    if (column.validity.empty()) column.validity.assign(groups.size(), 1);
    column.validity[i] = 0;
  }
}

size_t BasicAccumulator::MemoryBytes() const {
  return counts_.capacity() * sizeof(uint64_t) + int_sums_.capacity() * sizeof(Int128) +
         float_sums_.capacity() * sizeof(double) + words_.capacity() * sizeof(uint64_t) +
         strings_.capacity() * sizeof(std::string) + times_.capacity() * sizeof(int64_t) +
         text_bytes_;
}

}  // namespace stria::query
