#include "storage/encoding/linear_time.h"

#include <numeric>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

uint64_t Difference(int64_t later, int64_t earlier) {
  return static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier);
}

// The step of the model that residuals are taken from: the mean, a multiple of the unit.
uint64_t ModelStep(int64_t first, int64_t last, size_t num_rows, uint64_t unit) {
  return Difference(last, first) / (num_rows - 1) / unit * unit;
}

}  // namespace

int64_t FindStep(std::span<const int64_t> times) {
  if (times.size() < 2) return 1;
  // Readers compute i * step as int64.
  if (Difference(times.back(), times[0]) > static_cast<uint64_t>(INT64_MAX)) return 0;
  const uint64_t step = Difference(times[1], times[0]);
  for (size_t i = 2; i < times.size(); ++i) {
    if (Difference(times[i], times[i - 1]) != step) return 0;
  }
  return static_cast<int64_t>(step);
}

void EncodeTimes(std::span<const int64_t> times, std::vector<std::byte>& encoded) {
  STRIA_DCHECK(times.size() >= 2);
  uint64_t unit = 0;
  for (size_t i = 1; i < times.size(); ++i)
    unit = std::gcd(unit, Difference(times[i], times[i - 1]));

  const uint64_t step = ModelStep(times.front(), times.back(), times.size(), unit);
  // Both are multiples of the unit; in its terms nothing wraps that did not do so before.
  const uint64_t units_a_step = step / unit;
  std::vector<uint64_t> residuals(times.size() - 1);
  for (size_t i = 1; i < times.size(); ++i)
    residuals[i - 1] = Difference(times[i], times[0]) / unit - i * units_a_step;
  AppendVarint(unit, encoded);
  EncodeIntegers(residuals, true, encoded);
}

Status DecodeTimes(std::span<const std::byte> encoded, int64_t first_time, int64_t last_time,
                   std::span<int64_t> times) {
  ByteReader reader(encoded);
  STRIA_ASSIGN_OR_RETURN(const auto unit, reader.ReadVarint());
  if (unit == 0 || times.size() < 2) return Corruption("times without a unit");
  const std::span residuals(reinterpret_cast<uint64_t*>(times.data()) + 1, times.size() - 1);
  STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, residuals));
  if (!reader.empty()) return Corruption("bytes after the last time: {}", reader.num_remaining());

  const auto first = static_cast<uint64_t>(first_time);
  const uint64_t step = ModelStep(first_time, last_time, times.size(), unit);
  times[0] = first_time;
  // Two loops without branches, so that both are done on whole vectors.
  for (size_t i = 1; i < times.size(); ++i)
    times[i] = static_cast<int64_t>(first + i * step + static_cast<uint64_t>(times[i]) * unit);
  uint64_t ascends = 1;
  for (size_t i = 1; i < times.size(); ++i)
    ascends &= times[i] > times[i - 1] ? 1U : 0U;
  if (ascends == 0) return Corruption("times do not ascend");
  if (times.back() != last_time) return Corruption("times do not end at the last one");
  return Status::Ok();
}

}  // namespace stria::storage
