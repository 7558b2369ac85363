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

#include <cstdint>

#include "storage/types/decoded_vector.h"
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

}  // namespace stria::storage
