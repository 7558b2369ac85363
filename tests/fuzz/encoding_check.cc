#include "tests/fuzz/encoding_check.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>

#include <fmt/core.h>

#include "storage/base/bytes.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/linear_time.h"
#include "storage/encoding/text.h"
#include "storage/encoding/vector_codec.h"

namespace stria::storage {
namespace {

constexpr DataType kTypes[] = {DataType::kFloat64, DataType::kInt64, DataType::kUint64,
                               DataType::kBool, DataType::kString};
constexpr size_t kNumTypes = std::size(kTypes);
// What follows the types.
enum class Form : size_t { kTimes = kNumTypes, kText, kIntegers, kCount };

std::string FaultOfStatus(const Status& status) {
  return status.code() == StatusCode::kCorruption ? "" : "refused with another code";
}

// The values of a decoded vector, written and read again, are the same.
std::string FaultOfRoundTrip(const DecodedVector& decoded, DataType type, uint32_t num_rows) {
  const VectorView& view = decoded.view;
  std::vector<uint64_t> bits(type == DataType::kString ? 0 : num_rows);
  std::vector<std::string_view> strings(type == DataType::kString ? num_rows : 0);
  std::vector<uint8_t> validity(num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    validity[row] = view.IsValid(row) ? 1 : 0;
    if (validity[row] == 0) continue;
    if (type == DataType::kString) {
      strings[row] = view.String(row);
    } else {
      bits[row] = view.Bits(row);
    }
  }
  for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
    std::vector<std::byte> encoded;
    EncodeVector({.type = type, .bits = bits, .strings = strings, .validity = validity}, profile,
                 encoded);
    DecodedVector again;
    if (!DecodeVector(encoded, type, num_rows, again).ok()) return "its own bytes are refused";
    for (uint32_t row = 0; row < num_rows; ++row) {
      if (again.view.IsValid(row) != (validity[row] != 0)) {
        return fmt::format("row {} is NULL once", row);
      }
      if (validity[row] == 0) continue;
      const bool same = type == DataType::kString ? again.view.String(row) == strings[row]
                                                  : again.view.Bits(row) == bits[row];
      if (!same) return fmt::format("row {} is another value", row);
    }
  }
  return "";
}

// What is decoded alone is what all together are.
std::string FaultOfRows(std::span<const std::byte> encoded, const VectorView& view) {
  for (uint32_t row = 0; row < view.num_rows; row += 1 + view.num_rows / 16) {
    const uint32_t rows[] = {row, view.num_rows - 1};
    const std::span wanted(rows, row + 1 < view.num_rows ? 2 : 1);
    uint64_t bits[2] = {};
    uint8_t validity[2] = {};
    if (!DecodeRows(encoded, view.type, view.num_rows, wanted, bits, validity).ok()) {
      return fmt::format("row {} alone is refused", row);
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
      if ((validity[i] != 0) != view.IsValid(rows[i]) ||
          (validity[i] != 0 && bits[i] != view.Bits(rows[i]))) {
        return fmt::format("row {} alone is another value", rows[i]);
      }
    }
  }
  return "";
}

std::string FaultOfVector(std::span<const std::byte> encoded, DataType type, uint32_t num_rows) {
  DecodedVector decoded;
  if (const Status status = DecodeVector(encoded, type, num_rows, decoded); !status.ok()) {
    const uint32_t last = num_rows - 1;
    uint64_t bits = 0;
    uint8_t validity = 0;
    if (type != DataType::kString && num_rows > 0) {
      const Status alone = DecodeRows(encoded, type, num_rows, {&last, 1}, &bits, &validity);
      if (!alone.ok() && !FaultOfStatus(alone).empty()) return FaultOfStatus(alone);
    }
    return FaultOfStatus(status);
  }
  if (decoded.view.num_rows != num_rows) return "another number of rows";
  if (type != DataType::kString) {
    if (std::string fault = FaultOfRows(encoded, decoded.view); !fault.empty()) return fault;
  }
  return FaultOfRoundTrip(decoded, type, num_rows);
}

std::string FaultOfTimes(std::span<const std::byte> encoded, uint32_t num_rows) {
  ByteReader reader(encoded);
  const auto first = reader.Read<int64_t>();
  const auto last = reader.Read<int64_t>();
  if (!first || !last || num_rows < 2) return "";
  std::vector<int64_t> times(num_rows);
  if (const Status status = DecodeTimes(reader.rest(), *first, *last, times); !status.ok()) {
    return FaultOfStatus(status);
  }
  if (times.front() != *first || times.back() != *last) return "times end elsewhere";
  if (std::ranges::adjacent_find(times, std::greater_equal{}) != times.end()) {
    return "times do not ascend";
  }
  if (FindStep(times) != 0) return "";
  std::vector<std::byte> again;
  std::vector<int64_t> decoded(num_rows);
  EncodeTimes(times, again);
  if (!DecodeTimes(again, *first, *last, decoded).ok()) return "its own bytes are refused";
  return decoded == times ? "" : "times are others";
}

std::string FaultOfText(std::span<const std::byte> encoded, uint32_t num_rows) {
  std::vector<std::string_view> strings;
  std::vector<std::byte> unpacked;
  const Status status = DecodeText(encoded, num_rows, strings, unpacked);
  if (!status.ok()) return FaultOfStatus(status);
  if (strings.size() != num_rows) return "another number of strings";
  for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
    std::vector<std::byte> bytes, again_unpacked;
    std::vector<std::string_view> again;
    EncodeText(strings, profile, bytes);
    if (!DecodeText(bytes, num_rows, again, again_unpacked).ok())
      return "its own bytes are refused";
    if (again != strings) return "strings are others";
  }
  return "";
}

std::string FaultOfIntegers(std::span<const std::byte> encoded, uint32_t num_rows) {
  ByteReader reader(encoded);
  std::vector<uint64_t> values(num_rows), again(num_rows);
  if (const Status status = DecodeIntegers(reader, values); !status.ok()) {
    return FaultOfStatus(status);
  }
  std::vector<std::byte> bytes;
  EncodeIntegers(values, true, bytes);
  ByteReader again_reader(bytes);
  if (!DecodeIntegers(again_reader, again).ok()) return "its own bytes are refused";
  return again == values ? "" : "integers are others";
}

}  // namespace

std::string FaultOfDecoding(std::span<const std::byte> input) {
  ByteReader reader(input);
  const auto form = reader.Read<uint8_t>();
  const auto rows = reader.Read<uint16_t>();
  if (!form || !rows) return "";
  const uint32_t in_vector = 1 + *rows % kVectorRows;
  const size_t chosen = *form % static_cast<size_t>(Form::kCount);
  if (chosen < kNumTypes) return FaultOfVector(reader.rest(), kTypes[chosen], in_vector);
  switch (static_cast<Form>(chosen)) {
    case Form::kTimes: return FaultOfTimes(reader.rest(), 1 + *rows % 4096U);
    case Form::kText: return FaultOfText(reader.rest(), in_vector);
    default: return FaultOfIntegers(reader.rest(), 1 + *rows % 4096U);
  }
}

std::vector<std::byte> VectorInputOf(DataType type, size_t num_rows,
                                     std::span<const std::byte> encoded) {
  std::vector<std::byte> input;
  const auto form = std::ranges::find(kTypes, type) - std::begin(kTypes);
  AppendInteger(static_cast<uint8_t>(form), input);
  AppendInteger(static_cast<uint16_t>(num_rows - 1), input);
  AppendBytes(encoded, input);
  return input;
}

}  // namespace stria::storage
