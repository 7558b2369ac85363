// The payload of a rows record: the rows of one batch that belong to one shard, column by column.
//
//   packed:  uint8, 0 = as it is, 1 = LZ4 block; size: varint, of the body when unpacked; the body
//
//   body:
//     batch id: uint64
//     shards:   varint count, each { shard varint, seq varint }: all shards of the batch
//     series:   varint count, each { table varint, id varint, key string }: first used by this
//     record tables:   varint count, each {
//       table varint, num_rows varint
//       series ids: lanes; times: times; columns: varint count, each { column varint, type uint8,
//       form uint8, bitmap of (num_rows + 7) / 8 bytes if form & 1, values } }
//
//   lanes:  bytes uint8 (0, 1, 2, 4, 8), base uint64, num_rows offsets of that many bytes
//   times:  lanes of the differences to the row before (the first to 0), modulo 2^64
//   form:   bits: 1 = some rows are NULL, their bits of the bitmap are 0; 2 = doubles as decimals
//   values: lanes; of strings: lanes of the lengths, then the bytes; of decimals: digits uint8,
//           lanes of the integers, see decimal_scale.h. NULL slots are 0.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// Where the other records of a batch are.
struct ShardSeq {
  uint32_t shard = 0;
  uint64_t seq = 0;
  friend bool operator==(ShardSeq, ShardSeq) = default;
};

struct RowsRecord {
  uint64_t batch_id = 0;
  std::vector<ShardSeq> shards;  ///< empty: the batch has only this record
  std::vector<NewSeries> series;
  std::vector<TableRows> tables;
};

/// Appends the payload. The rows are given apart from the record, so that they need not be moved
/// into it; `record.tables` is not looked at.
void EncodeRowsRecord(const RowsRecord& record, std::span<const TableRows* const> tables,
                      std::vector<std::byte>& payload);

/// The inverse. Strings of the result live as long as it does. Fails with kCorruption on anything
/// that EncodeRowsRecord() would not write.
Result<RowsRecord> DecodeRowsRecord(std::span<const std::byte> payload);

}  // namespace stria::storage
