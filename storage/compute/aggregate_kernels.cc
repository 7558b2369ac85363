#include "storage/compute/aggregate_kernels.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <limits>

#include "storage/compute/wide_totals.h"

namespace stria::storage {
namespace {

// Below this many rows a plain loop beats setting up lanes (measured with 6-row slices).
constexpr size_t kFewRows = 16;

uint64_t LoadWord(const void* data) {
  uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

uint64_t AddHalves(uint64_t words16) {
  return (words16 & 0xFFFF) + ((words16 >> 16) & 0xFFFF) + ((words16 >> 32) & 0xFFFF) +
         (words16 >> 48);
}

// Sums bytes eight at a time in 16-bit fields of words: 1,024 / 32 words of an AVX2 register's lane
// add at most 2 * 255 to a field each, and 128 * 510 < 65,536 even in a single word.
uint64_t SumBytes(const uint8_t* values, size_t num_rows) {
  uint64_t sum = 0;
  size_t row = 0;
  if (num_rows >= kFewRows) {
    constexpr uint64_t kEvenBytes = 0x00FF00FF00FF00FF;
    uint64_t fields = 0;
    const size_t num_words = num_rows / 8;
    for (size_t i = 0; i < num_words; ++i) {
      const uint64_t word = LoadWord(values + i * 8);
      fields += (word & kEvenBytes) + ((word >> 8) & kEvenBytes);
    }
    sum = AddHalves(fields);
    row = num_words * 8;
  }
  for (; row < num_rows; ++row)
    sum += values[row];
  return sum;
}

uint64_t SumBytesMasked(const uint8_t* values, const uint8_t* valid, size_t num_rows) {
  constexpr uint64_t kEvenBytes = 0x00FF00FF00FF00FF;
  uint64_t fields = 0;
  const size_t num_words = num_rows / 8;
  for (size_t i = 0; i < num_words; ++i) {
    const uint64_t ones = LoadWord(valid + i * 8);
    const uint64_t word = LoadWord(values + i * 8) & ((ones << 8) - ones);
    fields += (word & kEvenBytes) + ((word >> 8) & kEvenBytes);
  }
  uint64_t sum = AddHalves(fields);
  for (size_t row = num_words * 8; row < num_rows; ++row)
    sum += valid[row] != 0 ? values[row] : 0U;
  return sum;
}

// Sums of u16 fit 32 bits within 1,024 rows; those of u32 fit 64.
template <typename Lane>
uint64_t SumOffsets(const Lane* values, const uint8_t* valid, size_t num_rows) {
  if constexpr (sizeof(Lane) == 1) {
    return valid == nullptr ? SumBytes(values, num_rows) : SumBytesMasked(values, valid, num_rows);
  } else {
    using Sum = std::conditional_t<sizeof(Lane) == 2, uint32_t, uint64_t>;
    Sum sum = 0;
    if (valid == nullptr) {
      for (size_t row = 0; row < num_rows; ++row)
        sum += values[row];
    } else {
      for (size_t row = 0; row < num_rows; ++row)
        sum += Sum{values[row]} & (Sum{0} - Sum{valid[row]});
    }
    return sum;
  }
}

template <typename Lane, bool kMax>
Lane Extreme(const Lane* values, const uint8_t* valid, size_t num_rows) {
  Lane best = kMax ? Lane{0} : std::numeric_limits<Lane>::max();
  if (valid == nullptr) {
    for (size_t row = 0; row < num_rows; ++row) {
      best = kMax ? std::max(best, values[row]) : std::min(best, values[row]);
    }
  } else {
    for (size_t row = 0; row < num_rows; ++row) {
      const auto mask = static_cast<Lane>(Lane{0} - Lane{valid[row]});
      if constexpr (kMax) {
        best = std::max(best, static_cast<Lane>(values[row] & mask));
      } else {
        best = std::min(best, static_cast<Lane>(values[row] | static_cast<Lane>(~mask)));
      }
    }
  }
  return best;
}

const uint8_t* ValidOf(const VectorView& view, RowSlice slice) {
  return view.validity == nullptr ? nullptr : view.validity + slice.begin;
}

void CountRows(const VectorView& view, std::span<const RowSlice> slices, SliceTotals* totals) {
  for (size_t i = 0; i < slices.size(); ++i) {
    const uint32_t num_rows = slices[i].end - slices[i].begin;
    totals[i].count = view.all_null              ? 0
                      : view.validity == nullptr ? num_rows
                                                 : SumBytes(ValidOf(view, slices[i]), num_rows);
  }
}

void FindEnds(const VectorView& view, std::span<const RowSlice> slices, SliceTotals* totals) {
  for (size_t i = 0; i < slices.size(); ++i) {
    uint32_t first = slices[i].begin;
    uint32_t last = slices[i].end - 1;
    if (totals[i].count == 0) continue;
    if (view.validity != nullptr) {
      while (view.validity[first] == 0)
        ++first;
      while (view.validity[last] == 0)
        --last;
    }
    totals[i].first_row = first;
    totals[i].last_row = last;
  }
}

Int128 BaseOf(const VectorView& view) {
  return view.type == DataType::kUint64 ? Int128{view.base}
                                        : Int128{static_cast<int64_t>(view.base)};
}

template <typename Lane>
void AggregatePacked(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                     SliceTotals* totals) {
  const auto* values = static_cast<const Lane*>(view.data);
  if ((wanted & kWantSum) != 0) {
    const Int128 base = BaseOf(view);
    for (size_t i = 0; i < slices.size(); ++i) {
      const auto [begin, end] = slices[i];
      const uint64_t sum = SumOffsets(values + begin, ValidOf(view, slices[i]), end - begin);
      const Int128 integers = base * Int128{totals[i].count} + Int128{sum};
      if (view.type == DataType::kFloat64) {
        // Of decimals: exact but for the one rounding.
        totals[i].float_sum = DecimalValue(static_cast<double>(integers), view.scale);
      } else {
        totals[i].int_sum = integers;
      }
    }
  }
  if ((wanted & kWantMin) != 0) {
    for (size_t i = 0; i < slices.size(); ++i) {
      const auto [begin, end] = slices[i];
      totals[i].min =
          view.BitsAt(Extreme<Lane, false>(values + begin, ValidOf(view, slices[i]), end - begin));
    }
  }
  if ((wanted & kWantMax) != 0) {
    for (size_t i = 0; i < slices.size(); ++i) {
      const auto [begin, end] = slices[i];
      totals[i].max =
          view.BitsAt(Extreme<Lane, true>(values + begin, ValidOf(view, slices[i]), end - begin));
    }
  }
}

void AggregateWords(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                    SliceTotals* totals) {
  const auto* values = static_cast<const uint64_t*>(view.data);
  const bool is_signed = view.type == DataType::kInt64 || view.type == DataType::kTimestamp ||
                         view.type == DataType::kInterval;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (totals[i].count == 0) continue;
    const uint64_t* rows = values + slices[i].begin;
    const uint8_t* valid = ValidOf(view, slices[i]);
    const size_t num_rows = slices[i].end - slices[i].begin;
    if ((wanted & (kWantMin | kWantMax)) == 0) {
      totals[i].int_sum = SumWords(rows, valid, num_rows, is_signed);
      continue;
    }
    const WordTotals all = TotalWords(rows, valid, num_rows, is_signed);
    totals[i].int_sum = all.sum;
    totals[i].min = all.min;
    totals[i].max = all.max;
  }
}

void AggregateDoubles(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                      SliceTotals* totals) {
  const auto* values = static_cast<const double*>(view.data);
  for (size_t i = 0; i < slices.size(); ++i) {
    if (totals[i].count == 0) continue;
    const double* rows = values + slices[i].begin;
    const uint8_t* valid = ValidOf(view, slices[i]);
    const size_t num_rows = slices[i].end - slices[i].begin;
    if ((wanted & (kWantMin | kWantMax)) == 0) {
      totals[i].float_sum = SumDoubles(rows, valid, num_rows);
      continue;
    }
    const DoubleTotals all = TotalDoubles(rows, valid, num_rows, totals[i].count);
    totals[i].float_sum = all.sum;
    totals[i].min = std::bit_cast<uint64_t>(all.min);
    totals[i].max = std::bit_cast<uint64_t>(all.max);
  }
}

void AggregateConstant(const VectorView& view, std::span<const RowSlice> slices,
                       SliceTotals* totals) {
  for (size_t i = 0; i < slices.size(); ++i) {
    if (view.type == DataType::kFloat64) {
      totals[i].float_sum = std::bit_cast<double>(view.base) * static_cast<double>(totals[i].count);
    } else {
      totals[i].int_sum = BaseOf(view) * Int128{totals[i].count};
    }
    totals[i].min = totals[i].max = view.base;
  }
}

}  // namespace

void AggregateSlices(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                     SliceTotals* totals) {
  CountRows(view, slices, totals);
  if (view.all_null) return;
  if ((wanted & (kWantFirst | kWantLast)) != 0) FindEnds(view, slices, totals);
  if ((wanted & (kWantSum | kWantMin | kWantMax)) == 0) return;
  switch (view.lanes) {
    case Lanes::kConstant: return AggregateConstant(view, slices, totals);
    case Lanes::kU8: return AggregatePacked<uint8_t>(view, wanted, slices, totals);
    case Lanes::kU16: return AggregatePacked<uint16_t>(view, wanted, slices, totals);
    case Lanes::kU32: return AggregatePacked<uint32_t>(view, wanted, slices, totals);
    case Lanes::k64:
      return view.type == DataType::kFloat64 ? AggregateDoubles(view, wanted, slices, totals)
                                             : AggregateWords(view, wanted, slices, totals);
    case Lanes::kString: return;
  }
}

}  // namespace stria::storage
