#include "storage/encoding/run_length.h"

#include <algorithm>
#include <array>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/types/vector_view.h"

namespace stria::storage {
namespace {

template <typename Lane>
void Repeat(const void* values, std::span<const uint16_t> lengths, std::byte* lanes) {
  const auto* value = static_cast<const Lane*>(values);
  auto* row = reinterpret_cast<Lane*>(lanes);
  for (const uint16_t length : lengths)
    row = std::fill_n(row, length, *value++);
}

}  // namespace

size_t RunLengthBytes(const IntegerStats& stats, size_t num_runs) {
  constexpr size_t kLongestLengthBytes = 2;
  // Many runs are short ones.
  const size_t length_bytes = num_runs > kVectorRows / 64 ? 1 : kLongestLengthBytes;
  return 2 + num_runs * length_bytes + NarrowBytes(stats, num_runs);
}

size_t CountValueRuns(std::span<const uint64_t> values) {
  size_t num_changes = 0;
  for (size_t row = 1; row < values.size(); ++row)
    num_changes += values[row] != values[row - 1] ? 1U : 0U;
  return num_changes + 1;
}

void EncodeRunLength(std::span<const uint64_t> values, const IntegerStats& stats,
                     std::vector<std::byte>& encoded) {
  STRIA_DCHECK(!values.empty() && values.size() <= kVectorRows);
  std::array<uint64_t, kVectorRows> run_values;
  std::array<uint16_t, kVectorRows> lengths;
  size_t num_runs = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    if (row > 0 && values[row] == values[row - 1]) {
      ++lengths[num_runs - 1];
      continue;
    }
    run_values[num_runs] = values[row];
    lengths[num_runs++] = 1;
  }
  AppendVarint(num_runs, encoded);
  for (size_t run = 0; run < num_runs; ++run)
    AppendVarint(lengths[run], encoded);
  EncodeNarrow(std::span(run_values).first(num_runs), stats, encoded);
}

Status DecodeRunLength(std::span<const std::byte> encoded, uint32_t num_rows,
                       DecodedVector& decoded) {
  ByteReader reader(encoded);
  STRIA_ASSIGN_OR_RETURN(const auto num_runs, reader.ReadVarint());
  if (num_runs == 0 || num_runs > num_rows || num_rows > kVectorRows) {
    return Corruption("{} runs in {} rows", num_runs, num_rows);
  }
  std::array<uint16_t, kVectorRows> all_lengths;
  const auto lengths = std::span(all_lengths).first(static_cast<size_t>(num_runs));
  uint64_t rest = num_rows;
  for (auto& length : lengths) {
    uint64_t value = 0;
    if (!reader.TakeVarint(value)) return Corruption("lengths of runs cut short");
    if (value == 0 || value > rest) return Corruption("run of {} rows, {} are left", value, rest);
    length = static_cast<uint16_t>(value);
    rest -= value;
  }
  if (rest > 0) return Corruption("rows without a run: {}", rest);

  DecodedVector values;
  STRIA_RETURN_IF_ERROR(DecodeNarrow(reader.rest(), static_cast<uint32_t>(num_runs), values));
  decoded.view.lanes = values.view.lanes;
  decoded.view.base = values.view.base;
  decoded.view.num_rows = num_rows;
  std::byte* lanes = decoded.TakeLanes(num_rows * values.view.LaneBytes());
  decoded.view.data = lanes;
  switch (values.view.lanes) {
    case Lanes::kU8: Repeat<uint8_t>(values.view.data, lengths, lanes); break;
    case Lanes::kU16: Repeat<uint16_t>(values.view.data, lengths, lanes); break;
    case Lanes::kU32: Repeat<uint32_t>(values.view.data, lengths, lanes); break;
    default: Repeat<uint64_t>(values.view.data, lengths, lanes); break;
  }
  return Status::Ok();
}

}  // namespace stria::storage
