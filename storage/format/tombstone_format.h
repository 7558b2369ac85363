// A tombstone as bytes, for the log and for the manifest. Its number stands outside: in the frame
// of the log record, or before it in the manifest.
//
//   table:      varint
//   time:       begin, end: int64
//   predicates: varint count, each {
//     tag: string
//     op: uint8, see TagOp
//     bounds: uint8, 1 = has low, 2 = has high, 4 = low exclusive, 8 = high exclusive
//     values: varint count, each a string
//     low, high: string, each only if its bound is there }

#pragma once

#include <cstddef>
#include <vector>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/types/tombstone.h"

namespace stria::storage {

void AppendTombstone(const Tombstone& tombstone, std::vector<std::byte>& encoded);

/// The inverse; `seq` is left 0. Fails with kCorruption on anything that AppendTombstone() would
/// not write.
Result<Tombstone> ReadTombstone(ByteReader& reader);

}  // namespace stria::storage
