#include "storage/format/zone_map.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "storage/base/errors.h"
#include "storage/base/int128.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

// Up to 1,024 values, none of them NULL.
using Bits = std::span<const uint64_t>;

// The values of `input` that are not NULL, in `kept` if some are.
Bits ValidBits(const VectorInput& input, std::array<uint64_t, kVectorRows>& kept) {
  if (input.validity.empty()) return input.bits;
  size_t num_valid = 0;
  for (size_t row = 0; row < input.bits.size(); ++row) {
    kept[num_valid] = input.bits[row];
    num_valid += input.validity[row] != 0 ? 1U : 0U;
  }
  return Bits(kept).first(num_valid);
}

template <typename T>
ZoneMap DescribeIntegers(Bits bits) {
  ZoneMap zone;
  zone.num_valid = static_cast<uint32_t>(bits.size());
  if (bits.empty()) {
    zone.has_sum = true;
    return zone;
  }
  T least = static_cast<T>(bits[0]);
  T greatest = least;
  uint64_t low_sum = 0;  // Modulo 2^64.
  for (const uint64_t value : bits) {
    least = std::min(least, static_cast<T>(value));
    greatest = std::max(greatest, static_cast<T>(value));
    low_sum += value;
  }
  zone.least = static_cast<uint64_t>(least);
  zone.greatest = static_cast<uint64_t>(greatest);
  constexpr T kSmall = T{1} << 53;  // A vector of such values has a sum that fits.
  const bool is_small = greatest < kSmall && (std::is_unsigned_v<T> || least > T{0} - kSmall);
  Int128 sum = static_cast<int64_t>(low_sum);
  if (!is_small) {
    sum = 0;
    for (const uint64_t value : bits)
      sum += static_cast<T>(value);
  }
  zone.has_sum =
      sum >= std::numeric_limits<int64_t>::min() && sum <= std::numeric_limits<int64_t>::max();
  if (zone.has_sum) zone.sum = static_cast<int64_t>(sum);
  return zone;
}

ZoneMap DescribeDoubles(Bits bits) {
  ZoneMap zone;
  zone.num_valid = static_cast<uint32_t>(bits.size());
  uint32_t num_nan = 0;
  for (const uint64_t value : bits)
    num_nan += std::isnan(std::bit_cast<double>(value)) ? 1U : 0U;
  zone.num_nan = num_nan;
  std::array<uint64_t, kVectorRows> kept;
  if (num_nan > 0) {
    size_t num_kept = 0;
    for (const uint64_t value : bits) {
      kept[num_kept] = value;
      num_kept += std::isnan(std::bit_cast<double>(value)) ? 0U : 1U;
    }
    bits = Bits(kept).first(num_kept);
  }
  if (bits.empty()) return zone;
  // Side by side, because the order of comparisons cannot be changed by a compiler, which has to
  // tell 0 from -0.
  constexpr size_t kLanes = 16;
  std::array<double, kLanes> least, greatest;
  least.fill(std::bit_cast<double>(bits[0]));
  greatest.fill(std::bit_cast<double>(bits[0]));
  const auto compare = [&](size_t lane, uint64_t value) {
    const auto number = std::bit_cast<double>(value);
    least[lane] = number < least[lane] ? number : least[lane];
    greatest[lane] = number > greatest[lane] ? number : greatest[lane];
  };
  size_t row = 0;
  for (; row + kLanes <= bits.size(); row += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane)
      compare(lane, bits[row + lane]);
  }
  for (; row < bits.size(); ++row)
    compare(0, bits[row]);
  // Of 0 and -0, which are equal, it is the first in the order of rows.
  const auto first_of = [&](double extreme) {
    if (extreme != 0) return std::bit_cast<uint64_t>(extreme);
    return *std::ranges::find(bits, 0.0,
                              [](uint64_t value) { return std::bit_cast<double>(value); });
  };
  zone.least = first_of(std::ranges::min(least));
  zone.greatest = first_of(std::ranges::max(greatest));
  return zone;
}

double AsDouble(uint64_t bits, DataType type) {
  switch (type) {
    case DataType::kFloat64: return std::bit_cast<double>(bits);
    case DataType::kUint64: return static_cast<double>(bits);
    default: return static_cast<double>(static_cast<int64_t>(bits));
  }
}

// Extremes are values of the column: what packs those packs them too, decimals among them. A length
// says where they end.
void AppendExtremes(std::span<const ZoneMap> zones, DataType type, uint64_t ZoneMap::*extreme,
                    std::vector<std::byte>& encoded) {
  std::vector<uint64_t> bits(zones.size());
  for (size_t i = 0; i < zones.size(); ++i)
    bits[i] = zones[i].*extreme;
  std::vector<std::byte> bytes;
  EncodeVector({.type = type, .bits = bits, .strings = {}, .validity = {}}, EncodingProfile::kDense,
               bytes);
  AppendVarint(bytes.size(), encoded);
  AppendBytes(bytes, encoded);
}

Status ReadExtremes(ByteReader& reader, DataType type, std::span<ZoneMap> zones,
                    uint64_t ZoneMap::*extreme) {
  STRIA_ASSIGN_OR_RETURN(const auto length, reader.ReadVarint());
  if (length > reader.num_remaining()) return Corruption("extremes of {} bytes", length);
  STRIA_ASSIGN_OR_RETURN(const auto bytes, reader.ReadBytes(static_cast<size_t>(length)));
  DecodedVector decoded;
  STRIA_RETURN_IF_ERROR(DecodeVector(bytes, type, static_cast<uint32_t>(zones.size()), decoded));
  if (decoded.view.all_null) return Corruption("extremes that are NULL");
  std::vector<uint64_t> bits(zones.size());
  decoded.view.CopyBits(bits.data());
  for (size_t i = 0; i < zones.size(); ++i)
    zones[i].*extreme = bits[i];
  return Status::Ok();
}

}  // namespace

ZoneMap MakeZoneMap(const VectorInput& input) {
  if (input.type != DataType::kString) {
    std::array<uint64_t, kVectorRows> kept;
    const Bits bits = ValidBits(input, kept);
    switch (input.type) {
      case DataType::kFloat64: return DescribeDoubles(bits);
      case DataType::kUint64: return DescribeIntegers<uint64_t>(bits);
      default: return DescribeIntegers<int64_t>(bits);
    }
  }
  ZoneMap zone;
  for (size_t row = 0; row < input.strings.size(); ++row) {
    if (input.validity.empty() || input.validity[row] != 0) ++zone.num_valid;
  }
  return zone;
}

void EncodeZoneMaps(std::span<const ZoneMap> zones, DataType type,
                    std::vector<std::byte>& encoded) {
  std::vector<uint64_t> values(zones.size());
  const auto append = [&](const auto& attribute, bool is_signed) {
    for (size_t i = 0; i < zones.size(); ++i)
      values[i] = attribute(zones[i]);
    EncodeIntegers(values, is_signed, encoded);
  };
  append([](const ZoneMap& zone) { return uint64_t{zone.num_valid}; }, false);
  append([](const ZoneMap& zone) { return uint64_t{zone.num_nan}; }, false);
  if (type == DataType::kString) return;
  AppendExtremes(zones, type, &ZoneMap::least, encoded);
  AppendExtremes(zones, type, &ZoneMap::greatest, encoded);
  if (type == DataType::kFloat64) return;
  append([](const ZoneMap& zone) { return uint64_t{zone.has_sum}; }, false);
  append([](const ZoneMap& zone) { return static_cast<uint64_t>(zone.sum); }, true);
}

Status DecodeZoneMaps(std::span<const std::byte> encoded, DataType type, std::span<ZoneMap> zones) {
  ByteReader reader(encoded);
  std::vector<uint64_t> values(zones.size());
  const auto read = [&](const auto& set) -> Status {
    STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, values));
    for (size_t i = 0; i < zones.size(); ++i) {
      if (!set(zones[i], values[i])) return Corruption("zone map of vector {}", i);
    }
    return Status::Ok();
  };
  STRIA_RETURN_IF_ERROR(read([](ZoneMap& zone, uint64_t value) {
    zone.num_valid = static_cast<uint32_t>(value);
    return value <= kVectorRows;
  }));
  STRIA_RETURN_IF_ERROR(read([](ZoneMap& zone, uint64_t value) {
    zone.num_nan = static_cast<uint32_t>(value);
    return value <= zone.num_valid;
  }));
  if (type != DataType::kString) {
    STRIA_RETURN_IF_ERROR(ReadExtremes(reader, type, zones, &ZoneMap::least));
    STRIA_RETURN_IF_ERROR(ReadExtremes(reader, type, zones, &ZoneMap::greatest));
  }
  if (type != DataType::kString && type != DataType::kFloat64) {
    STRIA_RETURN_IF_ERROR(read([](ZoneMap& zone, uint64_t value) {
      zone.has_sum = value != 0;
      return value <= 1;
    }));
    STRIA_RETURN_IF_ERROR(read([](ZoneMap& zone, uint64_t value) {
      zone.sum = static_cast<int64_t>(value);
      return true;
    }));
  }
  if (!reader.empty()) return Corruption("bytes after the last zone map");
  return Status::Ok();
}

bool ZoneExcludes(const ZoneMap& zone, DataType type, double low, double high) {
  if (type == DataType::kString) return false;
  // NaN is greater than infinity, and equal to a bound that is NaN itself.
  if (zone.num_nan > 0 && !(high < std::numeric_limits<double>::infinity())) return false;
  if (zone.num_valid == zone.num_nan) return true;  // Nothing but NULL and NaN.
  // Conversions to double round; a vector at the edge of what is asked for is kept.
  const double least = AsDouble(zone.least, type);
  const double greatest = AsDouble(zone.greatest, type);
  return greatest < low || least > high;
}

}  // namespace stria::storage
