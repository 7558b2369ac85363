#include "storage/encoding/alp_rd.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/bit_packing.h"
#include "storage/encoding/frame_of_reference.h"
#include "storage/encoding/row_positions.h"

namespace stria::storage {
namespace {

constexpr unsigned kMinRestBits = 48;  // A front is at most 16 bits.
constexpr unsigned kMaxRestBits = 63;

unsigned CodeWidth(size_t num_fronts) {
  return static_cast<unsigned>(std::bit_width(num_fronts - 1));
}

struct FrontCount {
  uint16_t front = 0;
  uint32_t count = 0;
};

// The fronts of `sorted` doubles and how often each occurs, the most common first.
void CountFronts(std::span<const uint64_t> sorted, unsigned rest_bits,
                 std::vector<FrontCount>& counts) {
  counts.clear();
  for (const uint64_t bits : sorted) {
    const auto front = static_cast<uint16_t>(bits >> rest_bits);
    if (counts.empty() || counts.back().front != front) counts.push_back({front, 0});
    ++counts.back().count;
  }
  const auto num_kept = static_cast<std::ptrdiff_t>(std::min(kMaxFronts, counts.size()));
  std::partial_sort(counts.begin(), counts.begin() + num_kept, counts.end(),
                    [](const FrontCount& a, const FrontCount& b) {
                      return a.count != b.count ? a.count > b.count : a.front < b.front;
                    });
}

// What an encoded vector holds, checked but for its codes.
struct FrontVector {
  unsigned rest_bits = 0;
  size_t num_fronts = 0;
  std::array<uint64_t, kMaxFronts> fronts{};  // Where they stand in a double.
  RowPositions exceptions;
  std::span<const std::byte> exception_fronts;
  unsigned code_width = 0;
  const std::byte* codes = nullptr;
  const std::byte* rests = nullptr;

  uint64_t ExceptionFront(size_t i) const {
    uint16_t front = 0;
    std::memcpy(&front, exception_fronts.data() + i * sizeof front, sizeof front);
    return uint64_t{front} << rest_bits;
  }
};

Status ReadFrontVector(std::span<const std::byte> encoded, uint32_t num_rows, FrontVector& vector) {
  ByteReader reader(encoded);
  uint8_t rest_bits = 0, num_fronts = 0;
  if (!reader.TakeByte(rest_bits) || !reader.TakeByte(num_fronts)) {
    return Corruption("fronts cut short");
  }
  if (rest_bits < kMinRestBits || rest_bits > kMaxRestBits || num_fronts < 1 ||
      num_fronts > kMaxFronts || num_rows > kPackedValues) {
    return Corruption("{} fronts before {} bits", num_fronts, rest_bits);
  }
  for (size_t i = 0; i < num_fronts; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto front, reader.Read<uint16_t>());
    vector.fronts[i] = uint64_t{front} << rest_bits;
  }
  STRIA_RETURN_IF_ERROR(DecodeRowPositions(reader, num_rows, vector.exceptions));
  STRIA_ASSIGN_OR_RETURN(vector.exception_fronts,
                         reader.ReadBytes(vector.exceptions.count * sizeof(uint16_t)));
  vector.rest_bits = rest_bits;
  vector.num_fronts = num_fronts;
  vector.code_width = CodeWidth(num_fronts);
  STRIA_ASSIGN_OR_RETURN(const auto codes, reader.ReadBytes(PackedBytes(vector.code_width)));
  if (reader.num_remaining() != PackedBytes(rest_bits)) {
    return Corruption("{} bytes of rests, want {}", reader.num_remaining(), PackedBytes(rest_bits));
  }
  vector.codes = codes.data();
  vector.rests = reader.rest().data();
  return Status::Ok();
}

// Puts the front of its code before each rest; returns the greatest code.
unsigned AddFronts(const FrontVector& vector, uint32_t num_rows, uint64_t* bits) {
  if (vector.code_width == 0) {
    for (size_t row = 0; row < num_rows; ++row)
      bits[row] |= vector.fronts[0];
    return 0;
  }
  alignas(64) std::array<uint8_t, kPackedValues> codes;
  UnpackBits(vector.code_width, vector.codes, reinterpret_cast<std::byte*>(codes.data()));
  uint8_t greatest = 0;
  for (size_t row = 0; row < num_rows; ++row)
    greatest = std::max(greatest, codes[row]);
  for (size_t row = 0; row < num_rows; ++row)
    bits[row] |= vector.fronts[codes[row]];  // Below 8, as its width says.
  return greatest;
}

}  // namespace

FrontPlan PlanFronts(std::span<const uint64_t> bits) {
  STRIA_DCHECK(!bits.empty() && bits.size() <= kPackedValues);
  constexpr size_t kHeaderBytes = 3;
  constexpr size_t kExceptionBytes = 3;
  std::vector<uint64_t> sorted(bits.begin(), bits.end());
  std::ranges::sort(sorted);
  std::vector<FrontCount> counts;
  FrontPlan best;
  best.num_bytes = std::numeric_limits<size_t>::max();
  for (unsigned rest_bits = kMinRestBits; rest_bits <= kMaxRestBits; ++rest_bits) {
    CountFronts(sorted, rest_bits, counts);
    size_t num_exceptions = bits.size();
    for (size_t num_fronts = 1; num_fronts <= std::min(kMaxFronts, counts.size()); ++num_fronts) {
      num_exceptions -= counts[num_fronts - 1].count;
      const size_t num_bytes = kHeaderBytes + num_fronts * 2 + num_exceptions * kExceptionBytes +
                               PackedBytes(CodeWidth(num_fronts)) + PackedBytes(rest_bits);
      if (num_bytes >= best.num_bytes) continue;
      best.rest_bits = rest_bits;
      best.num_fronts = num_fronts;
      best.num_bytes = num_bytes;
      for (size_t i = 0; i < num_fronts; ++i)
        best.fronts[i] = counts[i].front;
    }
  }
  return best;
}

void EncodeAlpRd(std::span<const uint64_t> bits, const FrontPlan& plan,
                 std::vector<std::byte>& encoded) {
  alignas(64) std::array<uint64_t, kPackedValues> codes{};
  alignas(64) std::array<uint64_t, kPackedValues> rests{};
  RowPositions exceptions;
  const auto fronts = std::span(plan.fronts).first(plan.num_fronts);
  for (size_t row = 0; row < bits.size(); ++row) {
    rests[row] = bits[row] & ((uint64_t{1} << plan.rest_bits) - 1);
    const auto found =
        std::ranges::find(fronts, static_cast<uint16_t>(bits[row] >> plan.rest_bits));
    if (found == fronts.end()) {
      exceptions.Add(row);
    } else {
      codes[row] = static_cast<uint64_t>(found - fronts.begin());
    }
  }
  AppendInteger(static_cast<uint8_t>(plan.rest_bits), encoded);
  AppendInteger(static_cast<uint8_t>(plan.num_fronts), encoded);
  for (const uint16_t front : fronts)
    AppendInteger(front, encoded);
  EncodeRowPositions(exceptions.view(), encoded);
  for (const uint16_t row : exceptions.view())
    AppendInteger(static_cast<uint16_t>(bits[row] >> plan.rest_bits), encoded);
  if (plan.num_fronts > 1) AppendPacked(codes, CodeWidth(plan.num_fronts), encoded);
  AppendPacked(rests, plan.rest_bits, encoded);
}

Status DecodeAlpRd(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  FrontVector vector;
  STRIA_RETURN_IF_ERROR(ReadFrontVector(encoded, num_rows, vector));
  std::byte* lanes = decoded.TakeLanes(kPackedValues * sizeof(uint64_t));
  UnpackBits(vector.rest_bits, vector.rests, lanes);
  auto* bits = reinterpret_cast<uint64_t*>(lanes);
  const unsigned greatest_code = AddFronts(vector, num_rows, bits);
  if (greatest_code >= vector.num_fronts) {
    return Corruption("code {} without a front", greatest_code);
  }
  const uint64_t rest_mask = (uint64_t{1} << vector.rest_bits) - 1;
  for (uint32_t i = 0; i < vector.exceptions.count; ++i) {
    uint64_t& value = bits[vector.exceptions.rows[i]];
    value = (value & rest_mask) | vector.ExceptionFront(i);
  }
  decoded.view.lanes = Lanes::k64;
  decoded.view.base = 0;
  decoded.view.num_rows = num_rows;
  decoded.view.data = bits;
  return Status::Ok();
}

Status DecodeAlpRdRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits) {
  FrontVector vector;
  STRIA_RETURN_IF_ERROR(ReadFrontVector(encoded, num_rows, vector));
  uint32_t exception = 0;
  for (const uint32_t row : rows) {
    while (exception < vector.exceptions.count && vector.exceptions.rows[exception] < row)
      ++exception;
    const uint64_t rest = UnpackOne(vector.rest_bits, vector.rests, row);
    if (exception < vector.exceptions.count && vector.exceptions.rows[exception] == row) {
      *bits++ = rest | vector.ExceptionFront(exception);
      continue;
    }
    const uint64_t code =
        vector.code_width == 0 ? 0 : UnpackOne(vector.code_width, vector.codes, row);
    if (code >= vector.num_fronts) return Corruption("code {} without a front", code);
    *bits++ = rest | vector.fronts[code];
  }
  return Status::Ok();
}

}  // namespace stria::storage
