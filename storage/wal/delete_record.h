// The payload of a delete record: a tombstone in one shard. Its number is the record's.
//
//   batch id:  uint64
//   shards:    varint count, each { shard varint, seq varint }: where the same DELETE is; empty for
//              one record
//   tombstone: see tombstone_format.h

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/tombstone.h"
#include "storage/wal/rows_record.h"

namespace stria::storage {

struct DeleteRecord {
  uint64_t batch_id = 0;
  std::vector<ShardSeq> shards;
  Tombstone tombstone;  ///< seq is not part of the payload
};

/// Appends the payload.
void EncodeDeleteRecord(const DeleteRecord& record, std::vector<std::byte>& payload);

/// The inverse. Fails with kCorruption on anything that EncodeDeleteRecord() would not write.
Result<DeleteRecord> DecodeDeleteRecord(std::span<const std::byte> payload);

}  // namespace stria::storage
