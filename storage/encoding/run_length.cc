#include "storage/encoding/run_length.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/types/vector_view.h"

namespace stria::storage {
namespace {

template <typename Lane>
struct RegisterOf {
  using Type [[gnu::vector_size(kLaneSlackBytes)]] = Lane;
};

// Whole registers, of which the last of a run reaches into the next: runs are short, and a loop
// that ends where a run does costs more than what it saves.
template <typename Lane>
void Repeat(const void* values, std::span<const uint16_t> lengths, std::byte* lanes) {
  using Register = typename RegisterOf<Lane>::Type;
  const auto* value = static_cast<const Lane*>(values);
  for (const uint16_t length : lengths) {
    const Register all = *value++ - Register{};
    std::byte* end = lanes + length * sizeof(Lane);
    for (std::byte* at = lanes; at < end; at += sizeof all)
      std::memcpy(at, &all, sizeof all);
    lanes = end;
  }
}

// Of all runs. Not initialised beyond `count`.
struct Lengths {
  uint32_t count = 0;
  std::array<uint16_t, kVectorRows> lengths;

  // NOLINTNEXTLINE: the array is left as it is on purpose.
  Lengths() {}
  std::span<const uint16_t> view() const { return std::span(lengths).first(count); }
};

// Takes the lengths from the front of `reader`. They sum to num_rows.
Status ReadLengths(ByteReader& reader, uint32_t num_rows, Lengths& lengths) {
  uint64_t num_runs = 0;
  if (!reader.TakeVarint(num_runs)) return Corruption("runs cut short");
  if (num_runs == 0 || num_runs > num_rows || num_rows > kVectorRows) {
    return Corruption("{} runs in {} rows", num_runs, num_rows);
  }
  uint64_t rest = num_rows;
  // Most lengths are one byte, and each of those is a varint by itself.
  const auto bytes = reader.rest();
  const size_t num_whole = std::min<size_t>(bytes.size(), static_cast<size_t>(num_runs));
  for (; lengths.count < num_whole; ++lengths.count) {
    const auto value = std::to_integer<uint16_t>(bytes[lengths.count]);
    if (value == 0 || value >= 0x80 || value > rest) break;
    lengths.lengths[lengths.count] = value;
    rest -= value;
  }
  reader = ByteReader(bytes.subspan(lengths.count));
  for (; lengths.count < num_runs; ++lengths.count) {
    uint64_t value = 0;
    if (!reader.TakeVarint(value)) return Corruption("lengths of runs cut short");
    if (value == 0 || value > rest) return Corruption("run of {} rows, {} are left", value, rest);
    lengths.lengths[lengths.count] = static_cast<uint16_t>(value);
    rest -= value;
  }
  if (rest > 0) return Corruption("rows without a run: {}", rest);
  return Status::Ok();
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
  Lengths lengths;
  STRIA_RETURN_IF_ERROR(ReadLengths(reader, num_rows, lengths));
  alignas(64) std::byte memory[kMaxLaneBytes];
  DecodedVector values(memory);
  STRIA_RETURN_IF_ERROR(DecodeNarrow(reader.rest(), lengths.count, values));
  decoded.view.lanes = values.view.lanes;
  decoded.view.base = values.view.base;
  decoded.view.num_rows = num_rows;
  std::byte* lanes = decoded.TakeLanes(num_rows * values.view.LaneBytes() + kLaneSlackBytes);
  decoded.view.data = lanes;
  switch (values.view.lanes) {
    case Lanes::kU8: Repeat<uint8_t>(values.view.data, lengths.view(), lanes); break;
    case Lanes::kU16: Repeat<uint16_t>(values.view.data, lengths.view(), lanes); break;
    case Lanes::kU32: Repeat<uint32_t>(values.view.data, lengths.view(), lanes); break;
    default: Repeat<uint64_t>(values.view.data, lengths.view(), lanes); break;
  }
  return Status::Ok();
}

Status DecodeRunLengthRows(std::span<const std::byte> encoded, uint32_t num_rows,
                           std::span<const uint32_t> rows, uint64_t* bits) {
  ByteReader reader(encoded);
  Lengths lengths;
  STRIA_RETURN_IF_ERROR(ReadLengths(reader, num_rows, lengths));
  std::array<uint32_t, kVectorRows> run_of_row;
  uint32_t run = 0, end = lengths.lengths[0];
  for (size_t i = 0; i < rows.size(); ++i) {
    while (end <= rows[i])
      end += lengths.lengths[++run];
    run_of_row[i] = run;
  }
  return DecodeNarrowRows(reader.rest(), lengths.count, std::span(run_of_row).first(rows.size()),
                          bits);
}

}  // namespace stria::storage
