// The contract that all encodings keep.
//
// An encoding turns the values of one vector (at most 1,024) into bytes and back, exactly. It
// appends to a byte string, begins at any alignment, and never needs to know what lies around it. A
// decoder knows how many values it must produce; it fails with kCorruption when bytes are missing,
// left over, or say anything that its encoder would not write, and never reads or writes outside
// its arguments.
//
// Integers stay packed: a decoder hands out the narrowest lanes that hold `value - base`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/types/vector_view.h"

namespace stria::storage {

/// How the values of a vector are stored. On disk: append, never renumber.
enum class EncodingId : uint8_t {
  kPlain = 0,             ///< 8 bytes a value
  kConstant = 1,          ///< one value for all rows
  kFrameOfReference = 2,  ///< offsets from the least value, bit-packed
  kNarrow = 3,            ///< offsets from the least value, in whole bytes; for short vectors
  kPlainStrings = 4,      ///< lengths and bytes
  kDictionary = 5,        ///< distinct strings and a code a row
  kRunLength = 6,         ///< each run of equal values once
  kDelta = 7,             ///< differences to the row before, bit-packed, with patches
  kBitmap = 8,            ///< bools, a bit a row
  kAlp = 9,               ///< doubles that are decimals, as integers
  kAlpRd = 10,            ///< other doubles, cut in a front with few values and a rest
};

/// What the writer of a vector is after.
enum class EncodingProfile : uint8_t {
  kHot,    ///< cheap to write: constants, frames of reference, decimals; a flush
  kDense,  ///< the fewest bytes: a compaction
};

/// A decoded vector and the memory that its view points to.
struct DecodedVector {
  VectorView view;
  std::unique_ptr<std::byte[]> lanes;     ///< of fixed-width values
  size_t lane_capacity = 0;               ///< bytes of `lanes`
  std::vector<uint8_t> validity;          ///< a byte a row, where some are NULL
  std::vector<std::string_view> strings;  ///< of kString
  std::vector<std::byte> text;            ///< what `strings` point to, unless the encoded bytes

  /// At least `num_bytes` of `lanes`; what they held is lost. Decoders into the same vector share
  /// one allocation.
  std::byte* TakeLanes(size_t num_bytes) {
    if (num_bytes > lane_capacity) {
      lanes = std::make_unique_for_overwrite<std::byte[]>(num_bytes);
      lane_capacity = num_bytes;
    }
    return lanes.get();
  }
};

}  // namespace stria::storage
