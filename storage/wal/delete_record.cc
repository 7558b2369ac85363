#include "storage/wal/delete_record.h"

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/format/tombstone_format.h"

namespace stria::storage {

void EncodeDeleteRecord(const DeleteRecord& record, std::vector<std::byte>& payload) {
  AppendInteger(record.batch_id, payload);
  AppendVarint(record.shards.size(), payload);
  for (const auto& [shard, seq] : record.shards) {
    AppendVarint(shard, payload);
    AppendVarint(seq, payload);
  }
  AppendTombstone(record.tombstone, payload);
}

Result<DeleteRecord> DecodeDeleteRecord(std::span<const std::byte> payload) {
  DeleteRecord record;
  ByteReader reader(payload);
  STRIA_ASSIGN_OR_RETURN(record.batch_id, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto num_shards, reader.ReadVarint());
  for (uint64_t i = 0; i < num_shards; ++i) {
    ShardSeq place;
    STRIA_ASSIGN_OR_RETURN(const auto shard, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(place.seq, reader.ReadVarint());
    if (shard > UINT32_MAX) return Corruption("shard {}", shard);
    place.shard = static_cast<uint32_t>(shard);
    record.shards.push_back(place);
  }
  STRIA_ASSIGN_OR_RETURN(record.tombstone, ReadTombstone(reader));
  if (!reader.empty()) return Corruption("bytes after the tombstone: {}", reader.num_remaining());
  return record;
}

}  // namespace stria::storage
