#include "storage/compute/aggregate_kernels.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <limits>

namespace stria::storage {
namespace {

// Below this many rows a plain loop beats setting up lanes (measured with 6-row slices).
constexpr size_t kFewRows = 16;

constexpr uint64_t kSignBit = uint64_t{1} << 63;

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

// Sums unsigned 64-bit values by their halves, each of which fits 64 bits within 1,024 rows.
// `flip` is xor-ed in first.
Int128 SumWords(const uint64_t* values, const uint8_t* valid, size_t num_rows, uint64_t flip) {
  uint64_t low = 0;
  uint64_t high = 0;
  if (valid == nullptr) {
    for (size_t row = 0; row < num_rows; ++row) {
      const uint64_t value = values[row] ^ flip;
      low += value & 0xFFFFFFFF;
      high += value >> 32;
    }
  } else {
    for (size_t row = 0; row < num_rows; ++row) {
      const uint64_t value = (values[row] ^ flip) & (uint64_t{0} - uint64_t{valid[row]});
      low += value & 0xFFFFFFFF;
      high += value >> 32;
    }
  }
  return (Int128{high} << 32) + Int128{low};
}

double SumDoubles(const double* values, const uint8_t* valid, size_t num_rows) {
  constexpr size_t kNumLanes = 8;
  double lanes[kNumLanes] = {};
  const size_t num_whole = num_rows / kNumLanes * kNumLanes;
  if (valid == nullptr) {
    for (size_t row = 0; row < num_whole; row += kNumLanes) {
      for (size_t lane = 0; lane < kNumLanes; ++lane)
        lanes[lane] += values[row + lane];
    }
  } else {
    for (size_t row = 0; row < num_whole; row += kNumLanes) {
      for (size_t lane = 0; lane < kNumLanes; ++lane)
        lanes[lane] += valid[row + lane] != 0 ? values[row + lane] : 0.0;
    }
  }
  double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
               ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (size_t row = num_whole; row < num_rows; ++row) {
    if (valid == nullptr || valid[row] != 0) sum += values[row];
  }
  return sum;
}

template <typename Lane, bool kMax>
Lane Extreme(const Lane* values, const uint8_t* valid, size_t num_rows, Lane flip) {
  // Min and max of unsigned lanes; `flip` makes signed 64-bit values ordered as unsigned ones.
  Lane best = kMax ? Lane{0} : std::numeric_limits<Lane>::max();
  if (valid == nullptr) {
    for (size_t row = 0; row < num_rows; ++row) {
      const auto value = static_cast<Lane>(values[row] ^ flip);
      best = kMax ? std::max(best, value) : std::min(best, value);
    }
  } else {
    for (size_t row = 0; row < num_rows; ++row) {
      const auto mask = static_cast<Lane>(Lane{0} - Lane{valid[row]});
      const auto value = static_cast<Lane>(values[row] ^ flip);
      if constexpr (kMax) {
        best = std::max(best, static_cast<Lane>(value & mask));
      } else {
        best = std::min(best, static_cast<Lane>(value | static_cast<Lane>(~mask)));
      }
    }
  }
  return static_cast<Lane>(best ^ flip);
}

template <bool kMax>
double ExtremeDouble(const double* values, const uint8_t* valid, size_t num_rows) {
  constexpr size_t kNumLanes = 8;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kStart = kMax ? -kInfinity : kInfinity;
  const auto better = [](double value, double best) {
    return (kMax ? value > best : value < best) ? value : best;  // False for NaN.
  };
  double best = kStart;
  uint64_t num_valid = 0;
  uint64_t num_nan = 0;
  if (valid == nullptr) {
    double lanes[kNumLanes];
    uint64_t nans[kNumLanes] = {};
    std::fill_n(lanes, kNumLanes, kStart);
    const size_t num_whole = num_rows / kNumLanes * kNumLanes;
    for (size_t row = 0; row < num_whole; row += kNumLanes) {
      for (size_t lane = 0; lane < kNumLanes; ++lane) {
        const double value = values[row + lane];
        lanes[lane] = better(value, lanes[lane]);
        nans[lane] += value != value ? 1U : 0U;
      }
    }
    for (size_t lane = 0; lane < kNumLanes; ++lane) {
      best = better(lanes[lane], best);
      num_nan += nans[lane];
    }
    for (size_t row = num_whole; row < num_rows; ++row) {
      best = better(values[row], best);
      num_nan += values[row] != values[row] ? 1U : 0U;
    }
    num_valid = num_rows;
  } else {
    for (size_t row = 0; row < num_rows; ++row) {
      best = better(valid[row] != 0 ? values[row] : kStart, best);
      num_valid += valid[row];
      num_nan += valid[row] != 0 && values[row] != values[row] ? 1U : 0U;
    }
  }
  const bool is_nan = kMax ? num_nan > 0 : num_nan == num_valid;
  return is_nan ? std::numeric_limits<double>::quiet_NaN() : best;
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
      totals[i].int_sum = base * Int128{totals[i].count} + Int128{sum};
    }
  }
  if ((wanted & kWantMin) != 0) {
    for (size_t i = 0; i < slices.size(); ++i) {
      const auto [begin, end] = slices[i];
      totals[i].min = view.base + Extreme<Lane, false>(values + begin, ValidOf(view, slices[i]),
                                                       end - begin, Lane{0});
    }
  }
  if ((wanted & kWantMax) != 0) {
    for (size_t i = 0; i < slices.size(); ++i) {
      const auto [begin, end] = slices[i];
      totals[i].max = view.base + Extreme<Lane, true>(values + begin, ValidOf(view, slices[i]),
                                                      end - begin, Lane{0});
    }
  }
}

void AggregateWords(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                    SliceTotals* totals) {
  const auto* values = static_cast<const uint64_t*>(view.data);
  const bool is_signed = view.type == DataType::kInt64 || view.type == DataType::kTimestamp ||
                         view.type == DataType::kInterval;
  const uint64_t flip = is_signed ? kSignBit : 0;
  for (size_t i = 0; i < slices.size(); ++i) {
    const uint64_t* rows = values + slices[i].begin;
    const uint8_t* valid = ValidOf(view, slices[i]);
    const size_t num_rows = slices[i].end - slices[i].begin;
    if ((wanted & kWantSum) != 0) {
      totals[i].int_sum =
          SumWords(rows, valid, num_rows, flip) - Int128{flip} * Int128{totals[i].count};
    }
    if ((wanted & kWantMin) != 0) {
      totals[i].min = Extreme<uint64_t, false>(rows, valid, num_rows, flip);
    }
    if ((wanted & kWantMax) != 0) {
      totals[i].max = Extreme<uint64_t, true>(rows, valid, num_rows, flip);
    }
  }
}

void AggregateDoubles(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                      SliceTotals* totals) {
  const auto* values = static_cast<const double*>(view.data);
  for (size_t i = 0; i < slices.size(); ++i) {
    const double* rows = values + slices[i].begin;
    const uint8_t* valid = ValidOf(view, slices[i]);
    const size_t num_rows = slices[i].end - slices[i].begin;
    if ((wanted & kWantSum) != 0) totals[i].float_sum = SumDoubles(rows, valid, num_rows);
    if ((wanted & kWantMin) != 0) {
      totals[i].min = std::bit_cast<uint64_t>(ExtremeDouble<false>(rows, valid, num_rows));
    }
    if ((wanted & kWantMax) != 0) {
      totals[i].max = std::bit_cast<uint64_t>(ExtremeDouble<true>(rows, valid, num_rows));
    }
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
