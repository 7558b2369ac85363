#include "storage/encoding/alp.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

constexpr size_t kNumSamples = 32;

// Added to a double below 2^51 it leaves the nearest whole number in the low bits.
constexpr double kRounder = 0x1.8p52;
constexpr auto kGreatestInteger = static_cast<double>(kMaxDecimal);

struct Decimal {
  int64_t integer = 0;
  bool is_exact = false;
};

Decimal ToDecimal(uint64_t bits, DecimalScale scale) {
  const double scaled = std::bit_cast<double>(bits) * kPowersOfTen[scale.digits];
  const double rounded = (scaled + kRounder) - kRounder;
  Decimal decimal;
  // Modulo 2^64: what is too large is no decimal, whatever it wraps to.
  decimal.integer = static_cast<int64_t>(std::bit_cast<uint64_t>(scaled + kRounder) -
                                         std::bit_cast<uint64_t>(kRounder));
  decimal.is_exact = std::fabs(scaled) < kGreatestInteger &&
                     std::bit_cast<uint64_t>(DecimalValue(rounded, scale)) == bits;
  return decimal;
}

// The scale that suits a sample of `bits` best. None where more than half of it are exceptions
// under any.
std::optional<DecimalScale> FindScale(std::span<const uint64_t> bits) {
  // An exception takes 80 bits; as it also keeps the vector from being packed, it counts for more.
  constexpr size_t kExceptionBits = 160;
  std::array<uint64_t, kNumSamples> samples;
  const size_t num_samples = std::min(kNumSamples, bits.size());
  for (size_t i = 0; i < num_samples; ++i)
    samples[i] = bits[i * bits.size() / num_samples];

  std::optional<DecimalScale> best;
  size_t best_bits = std::numeric_limits<size_t>::max();
  for (uint8_t digits = 0; digits <= kMaxDecimalDigits; ++digits) {
    int64_t least = std::numeric_limits<int64_t>::max();
    int64_t greatest = std::numeric_limits<int64_t>::min();
    size_t num_exceptions = 0;
    for (size_t i = 0; i < num_samples; ++i) {
      const Decimal decimal = ToDecimal(samples[i], {digits});
      num_exceptions += decimal.is_exact ? 0U : 1U;
      least = decimal.is_exact ? std::min(least, decimal.integer) : least;
      greatest = decimal.is_exact ? std::max(greatest, decimal.integer) : greatest;
    }
    if (num_exceptions * 2 > num_samples) continue;
    const auto width = static_cast<size_t>(std::bit_width(static_cast<uint64_t>(greatest - least)));
    const size_t num_bits = width * num_samples + num_exceptions * kExceptionBits;
    if (num_bits >= best_bits) continue;
    best = DecimalScale{digits};
    best_bits = num_bits;
    if (num_exceptions == 0) break;  // More digits only make wider integers.
  }
  return best;
}

void ToDecimals(std::span<const uint64_t> bits, DecimalScale scale, Decimals& decimals) {
  STRIA_DCHECK(!bits.empty() && bits.size() <= kVectorRows);
  decimals.scale = scale;
  decimals.exceptions.count = 0;
  std::array<uint8_t, kVectorRows> is_exact;
  unsigned all_exact = 1;
  for (size_t row = 0; row < bits.size(); ++row) {
    const Decimal decimal = ToDecimal(bits[row], scale);
    decimals.integers[row] = static_cast<uint64_t>(decimal.integer);
    is_exact[row] = decimal.is_exact ? 1 : 0;
    all_exact &= is_exact[row];
  }
  if (all_exact != 0) return;
  const auto* first = std::find(is_exact.begin(), is_exact.begin() + bits.size(), uint8_t{1});
  uint64_t before = first == is_exact.begin() + bits.size()
                        ? 0
                        : decimals.integers[static_cast<size_t>(first - is_exact.begin())];
  for (size_t row = 0; row < bits.size(); ++row) {
    if (is_exact[row] == 0) {
      decimals.exceptions.Add(row);
      decimals.integers[row] = before;
    }
    before = decimals.integers[row];
  }
}

// What stands before the integers, checked.
struct DecimalHead {
  DecimalScale scale;
  RowPositions positions;  // Of exceptions.
  std::span<const std::byte> exceptions;
  EncodingId encoding = EncodingId::kPlain;
};

Status ReadHead(ByteReader& reader, uint32_t num_rows, DecimalHead& head) {
  uint8_t encoding = 0;
  if (!reader.TakeByte(head.scale.digits)) return Corruption("decimals cut short");
  if (head.scale.digits > kMaxDecimalDigits || num_rows > kVectorRows) {
    return Corruption("decimals of {} digits after the point", head.scale.digits);
  }
  STRIA_RETURN_IF_ERROR(DecodeRowPositions(reader, num_rows, head.positions));
  STRIA_ASSIGN_OR_RETURN(head.exceptions,
                         reader.ReadBytes(head.positions.count * sizeof(uint64_t)));
  if (!reader.TakeByte(encoding)) return Corruption("decimals cut short");
  head.encoding = static_cast<EncodingId>(encoding);
  return Status::Ok();
}

// The integers as doubles, and the exceptions among them.
void Flatten(const VectorView& integers, const DecimalHead& head, uint64_t* bits) {
  if (integers.lanes == Lanes::k64) {
    const auto* values = static_cast<const int64_t*>(integers.data);
    for (uint32_t row = 0; row < integers.num_rows; ++row) {
      bits[row] =
          std::bit_cast<uint64_t>(DecimalValue(static_cast<double>(values[row]), head.scale));
    }
  } else {
    integers.CopyBits(bits);
  }
  for (uint32_t i = 0; i < head.positions.count; ++i)
    std::memcpy(bits + head.positions.rows[i], head.exceptions.data() + i * sizeof *bits,
                sizeof *bits);
}

}  // namespace

bool FindDecimals(std::span<const uint64_t> bits, Decimals& decimals) {
  const auto scale = FindScale(bits);
  if (!scale) return false;
  ToDecimals(bits, *scale, decimals);
  if (decimals.exceptions.count == 0) return true;
  // Perhaps the sample had none of the values with more digits.
  std::array<uint64_t, kVectorRows> exceptions;
  for (uint32_t i = 0; i < decimals.exceptions.count; ++i)
    exceptions[i] = bits[decimals.exceptions.rows[i]];
  const auto longer = FindScale(std::span(exceptions).first(decimals.exceptions.count));
  if (longer && longer->digits > scale->digits) {
    constexpr uint32_t kWorthADigit = 32;  // A digit more is 3.3 bits of 1,024 rows.
    const uint32_t num_before = decimals.exceptions.count;
    ToDecimals(bits, *longer, decimals);
    const uint32_t num_digits = longer->digits - scale->digits;
    if (decimals.exceptions.count + num_digits * kWorthADigit > num_before) {
      ToDecimals(bits, *scale, decimals);
    }
  }
  return decimals.exceptions.count <= bits.size() / 8;
}

std::optional<DecimalScale> ToExactDecimals(std::span<const uint64_t> bits,
                                            std::span<uint64_t> integers) {
  STRIA_DCHECK(!bits.empty() && bits.size() == integers.size());
  auto scale = FindScale(bits);
  while (scale) {
    std::array<uint64_t, kNumSamples> exceptions;
    size_t num_exceptions = 0;
    for (size_t begin = 0; begin < bits.size() && num_exceptions < kNumSamples;
         begin += kVectorRows) {
      const size_t end = std::min(bits.size(), begin + kVectorRows);
      unsigned all_exact = 1;
      for (size_t i = begin; i < end; ++i) {
        const Decimal decimal = ToDecimal(bits[i], *scale);
        integers[i] = static_cast<uint64_t>(decimal.integer);
        all_exact &= decimal.is_exact ? 1U : 0U;
      }
      if (all_exact != 0) continue;
      for (size_t i = begin; i < end && num_exceptions < kNumSamples; ++i) {
        if (!ToDecimal(bits[i], *scale).is_exact) exceptions[num_exceptions++] = bits[i];
      }
    }
    if (num_exceptions == 0) return scale;
    // Perhaps the sample had none of the values with more digits.
    const auto longer = FindScale(std::span(exceptions).first(num_exceptions));
    if (!longer || longer->digits <= scale->digits) return std::nullopt;
    scale = longer;
  }
  return std::nullopt;
}

void EncodeAlp(std::span<const uint64_t> bits, const Decimals& decimals, EncodingProfile profile,
               std::vector<std::byte>& encoded) {
  AppendInteger(decimals.scale.digits, encoded);
  EncodeRowPositions(decimals.exceptions.view(), encoded);
  for (const uint16_t row : decimals.exceptions.view())
    AppendInteger(bits[row], encoded);
  const size_t encoding_offset = encoded.size();
  encoded.push_back(std::byte{0});  // Written again below, when it is known.
  const EncodingId encoding =
      EncodeSmallest(std::span(decimals.integers).first(bits.size()), true, profile, encoded);
  encoded[encoding_offset] = static_cast<std::byte>(encoding);
}

Status DecodeAlp(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  ByteReader reader(encoded);
  DecimalHead head;
  STRIA_RETURN_IF_ERROR(ReadHead(reader, num_rows, head));
  VectorView& view = decoded.view;
  STRIA_RETURN_IF_ERROR(DecodeFixedWidth(head.encoding, reader.rest(), num_rows, decoded));
  view.type = DataType::kFloat64;
  view.scale = head.scale;
  const auto base = static_cast<int64_t>(view.base);
  if (base > kMaxDecimal || base < -kMaxDecimal) return Corruption("decimals from {} on", base);
  if (view.lanes == Lanes::kConstant) {
    view.base = std::bit_cast<uint64_t>(DecimalValue(static_cast<double>(base), view.scale));
  }
  if (head.positions.count == 0 && view.lanes != Lanes::k64) return Status::Ok();
  alignas(64) std::array<uint64_t, kVectorRows> bits;
  Flatten(view, head, bits.data());
  view.lanes = Lanes::k64;
  view.base = 0;
  view.data = std::memcpy(decoded.TakeLanes(sizeof bits), bits.data(), num_rows * sizeof bits[0]);
  return Status::Ok();
}

Status DecodeAlpRows(std::span<const std::byte> encoded, uint32_t num_rows,
                     std::span<const uint32_t> rows, uint64_t* bits) {
  ByteReader reader(encoded);
  DecimalHead head;
  STRIA_RETURN_IF_ERROR(ReadHead(reader, num_rows, head));
  STRIA_RETURN_IF_ERROR(DecodeFixedWidthRows(head.encoding, reader.rest(), num_rows, rows, bits));
  uint32_t exception = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    while (exception < head.positions.count && head.positions.rows[exception] < rows[i])
      ++exception;
    if (exception < head.positions.count && head.positions.rows[exception] == rows[i]) {
      std::memcpy(bits + i, head.exceptions.data() + exception * sizeof *bits, sizeof *bits);
      continue;
    }
    const auto integer = static_cast<double>(static_cast<int64_t>(bits[i]));
    bits[i] = std::bit_cast<uint64_t>(DecimalValue(integer, head.scale));
  }
  return Status::Ok();
}

}  // namespace stria::storage
