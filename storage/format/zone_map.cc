#include "storage/format/zone_map.h"

#include <bit>
#include <cmath>
#include <limits>

#include "storage/base/errors.h"
#include "storage/base/int128.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

template <typename T>
T FromBits(uint64_t bits) {
  if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(bits);
  } else {
    return static_cast<T>(bits);
  }
}

template <typename T>
ZoneMap Describe(const VectorInput& input) {
  ZoneMap zone;
  T least{}, greatest{};
  Int128 sum = 0;
  uint32_t num_ordered = 0;
  for (size_t row = 0; row < input.bits.size(); ++row) {
    if (!input.validity.empty() && input.validity[row] == 0) continue;
    ++zone.num_valid;
    const T value = FromBits<T>(input.bits[row]);
    if constexpr (std::is_same_v<T, double>) {
      if (std::isnan(value)) {
        ++zone.num_nan;
        continue;
      }
    } else {
      sum += value;
    }
    if (num_ordered++ == 0) {
      least = greatest = value;
    } else {
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  }
  zone.least = std::bit_cast<uint64_t>(least);
  zone.greatest = std::bit_cast<uint64_t>(greatest);
  if constexpr (!std::is_same_v<T, double>) {
    zone.has_sum =
        sum >= std::numeric_limits<int64_t>::min() && sum <= std::numeric_limits<int64_t>::max();
    if (zone.has_sum) zone.sum = static_cast<int64_t>(sum);
  }
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
  switch (input.type) {
    case DataType::kFloat64: return Describe<double>(input);
    case DataType::kUint64: return Describe<uint64_t>(input);
    case DataType::kString: break;
    default: return Describe<int64_t>(input);
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
