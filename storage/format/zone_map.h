// What is known of a vector without decoding it: number of values, least and greatest, exact sum.
//
// A zone map answers or prunes only for rows that nothing overlaps (STORAGE.md, section 9); whoever
// uses it makes sure of that.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/encoding/vector_codec.h"

namespace stria::storage {

/// Of one vector. `least` and `greatest` are bits of the column's type, of the values that are not
/// NaN; meaningful when num_valid > num_nan.
struct ZoneMap {
  uint32_t num_valid = 0;
  uint32_t num_nan = 0;
  uint64_t least = 0;
  uint64_t greatest = 0;
  bool has_sum = false;  ///< integers and bools whose sum fits int64 (uint64 values: as int64)
  int64_t sum = 0;
};

/// Describes a vector; strings have only num_valid.
ZoneMap MakeZoneMap(const VectorInput& input);

/// Appends the zone maps of a column chunk, attribute by attribute, in the encodings of vectors.
void EncodeZoneMaps(std::span<const ZoneMap> zones, DataType type, std::vector<std::byte>& encoded);

/// Fills `zones`. Fails with kCorruption on anything else than EncodeZoneMaps() wrote for that
/// many and that type.
Status DecodeZoneMaps(std::span<const std::byte> encoded, DataType type, std::span<ZoneMap> zones);

/// Whether no value v of the vector satisfies low <= v <= high. NaN counts as greater than any
/// number, so only a `high` of +infinity or NaN lets it in.
bool ZoneExcludes(const ZoneMap& zone, DataType type, double low, double high);

}  // namespace stria::storage
