#include "storage/encoding/linear_time.h"

#include <numeric>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

enum class Form : uint8_t { kResiduals = 1, kDeltas = 2 };

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

  std::vector<uint64_t> values(times.size() - 1);
  for (size_t i = 1; i < times.size(); ++i)
    values[i - 1] = Difference(times[i], times[i - 1]) / unit;
  std::vector<std::byte> as_deltas, as_residuals;
  EncodeIntegers(values, false, as_deltas);
  // Residuals of a run that spans more than int64 might wrap, and would then not be multiples of
  // the unit; deltas serve.
  if (Difference(times.back(), times.front()) <= static_cast<uint64_t>(INT64_MAX)) {
    const uint64_t step = ModelStep(times.front(), times.back(), times.size(), unit);
    for (size_t i = 1; i < times.size(); ++i) {
      const auto residual = static_cast<int64_t>(Difference(times[i], times[0]) - i * step);
      values[i - 1] = static_cast<uint64_t>(residual / static_cast<int64_t>(unit));
    }
    EncodeIntegers(values, true, as_residuals);
  }
  const bool use_residuals = !as_residuals.empty() && as_residuals.size() < as_deltas.size();
  AppendInteger(static_cast<uint8_t>(use_residuals ? Form::kResiduals : Form::kDeltas), encoded);
  AppendInteger(unit, encoded);
  AppendBytes(use_residuals ? as_residuals : as_deltas, encoded);
}

Status DecodeTimes(std::span<const std::byte> encoded, int64_t first_time, int64_t last_time,
                   std::span<int64_t> times) {
  ByteReader reader(encoded);
  STRIA_ASSIGN_OR_RETURN(const auto form, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto unit, reader.Read<uint64_t>());
  if (unit == 0 || times.size() < 2) return Corruption("times without a unit");
  std::vector<uint64_t> values(times.size() - 1);
  STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, values));
  if (!reader.empty()) return Corruption("bytes after the last time: {}", reader.num_remaining());

  const auto first = static_cast<uint64_t>(first_time);
  times[0] = first_time;
  if (form == static_cast<uint8_t>(Form::kResiduals)) {
    const uint64_t step = ModelStep(first_time, last_time, times.size(), unit);
    for (size_t i = 1; i < times.size(); ++i) {
      times[i] = static_cast<int64_t>(first + i * step + values[i - 1] * unit);
    }
  } else if (form == static_cast<uint8_t>(Form::kDeltas)) {
    uint64_t time = first;
    for (size_t i = 1; i < times.size(); ++i) {
      time += values[i - 1] * unit;
      times[i] = static_cast<int64_t>(time);
    }
  } else {
    return Corruption("times in form {}", form);
  }
  for (size_t i = 1; i < times.size(); ++i) {
    if (times[i] <= times[i - 1]) return Corruption("times do not ascend at row {}", i);
  }
  if (times.back() != last_time) return Corruption("times do not end at the last one");
  return Status::Ok();
}

}  // namespace stria::storage
