// Timestamps of a run (one series, ascending, distinct) as a linear model.
//
// Most devices report at a fixed step, so that time i is first + i * step and nothing is stored but
// the model. Otherwise what is left of the times is stored:
//
//   unit:      varint, greatest common divisor of all differences, at least 1
//   residuals: integers[num_rows - 1], see integers.h: (time[i] - first - i * step) / unit, signed,
//              for i = 1 .., where step is the mean difference, rounded down to a multiple of the
//              unit
//
// Jitter around a step makes residuals near 0, which suit the frame of reference. Rows missing here
// and there make residuals that rise now and then, which suit differences with patches: a bit a
// row.
//
// First and last time, step and the number of rows are kept by the caller. All sums are modulo
// 2^64.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"

namespace stria::storage {

/// The step if `times[num_rows]` are exactly linear (1 for a single row), else 0. Also 0 when they
/// span more than int64 holds, so that i * step never overflows for a reader.
int64_t FindStep(std::span<const int64_t> times);

/// Appends `times[num_rows]`, strictly ascending, of which FindStep() said 0: num_rows >= 2.
void EncodeTimes(std::span<const int64_t> times, std::vector<std::byte>& encoded);

/// Fills `times[num_rows]`, num_rows >= 2, from `encoded` and its neighbours in the directory.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, does not ascend, or does
/// not end at `last_time`.
Status DecodeTimes(std::span<const std::byte> encoded, int64_t first_time, int64_t last_time,
                   std::span<int64_t> times);

}  // namespace stria::storage
