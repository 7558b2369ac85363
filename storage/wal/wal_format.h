// The bytes of the write-ahead log.
//
// A shard's log is a sequence of segment files `<number>`, 20 decimal digits. A segment is written
// with zeros (or recycled) before it is used, so that an append changes no file size.
//
//   segment header (4 KiB, the rest zero; synced before the first frame is written):
//     magic "STRIAWAL", version uint32 = 1, shard uint32, segment uint64, epoch uint64, nonce
//     uint64, first_seq uint64, checksum uint64: XXH3-64 of the 48 bytes before, seed 0
//   frames, each:
//     length uint32 of the payload, type uint16, flags uint16 = 0, seq uint64, durable uint64,
//     checksum uint64: XXH3-64 of payload seeded with (XXH3-64 of the 24 bytes before, seeded with
//     the nonce); then the payload
//
// `durable` is the greatest seq known to be synced when the frame was made. A group of frames is
// one write that begins on a 4 KiB boundary and is padded with zeros to the next; a block that
// holds acknowledged bytes is never written again. Sequence numbers ascend by one without a gap.
// docs/format/wal.md says the same with an example, and what recovery makes of it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"

namespace stria::storage {

inline constexpr uint64_t kWalMagic = 0x4c41574149525453;  // "STRIAWAL"
inline constexpr uint32_t kWalVersion = 1;
inline constexpr size_t kWalBlockBytes = 4096;
inline constexpr size_t kWalSegmentHeaderBytes = 56;
inline constexpr size_t kWalFrameHeaderBytes = 32;
inline constexpr uint64_t kMaxWalPayloadBytes = UINT32_MAX;

/// A segment made ahead of its need, and one that is being made. Neither holds records.
inline constexpr const char* kWalSpareName = "spare";
inline constexpr const char* kWalSpareTemporaryName = "spare.tmp";

/// What a frame's payload is. On disk: append, never renumber.
enum class WalRecordType : uint16_t {
  kRows = 1,    ///< see rows_record.h
  kDelete = 2,  ///< see delete_record.h
  kFence = 3,   ///< reserved: ends a segment for its former owner
};

struct WalSegmentHeader {
  uint32_t shard = 0;
  uint64_t segment = 0;
  uint64_t epoch = 0;
  uint64_t nonce = 0;
  uint64_t first_seq = 0;
};

struct WalFrame {
  WalRecordType type = WalRecordType::kRows;
  uint64_t seq = 0;
  uint64_t durable = 0;
  std::span<const std::byte> payload;
  size_t bytes = 0;  ///< header and payload
};

constexpr size_t RoundUpToWalBlock(size_t bytes) {
  return (bytes + kWalBlockBytes - 1) / kWalBlockBytes * kWalBlockBytes;
}

/// The name of a segment file.
std::string WalSegmentName(uint64_t segment);
/// The number in such a name; nullopt for any other name.
std::optional<uint64_t> ParseWalSegmentName(const std::string& name);

/// The first block of a segment, 4 KiB.
std::vector<std::byte> EncodeWalSegmentHeader(const WalSegmentHeader& header);
/// Nullopt when the block is not a header of that segment and shard: the file counts as empty.
std::optional<WalSegmentHeader> DecodeWalSegmentHeader(std::span<const std::byte> block,
                                                       uint64_t segment, uint32_t shard);
/// The header in `block` whatever its segment and shard are; nullopt when it is damaged.
std::optional<WalSegmentHeader> DecodeAnyWalSegmentHeader(std::span<const std::byte> block);
/// The version that `block` names behind the magic number, unchecked; nullopt without the magic.
std::optional<uint32_t> WalSegmentVersion(std::span<const std::byte> block);

void AppendWalFrame(WalRecordType type, uint64_t seq, uint64_t durable, uint64_t nonce,
                    std::span<const std::byte> payload, std::vector<std::byte>& bytes);
/// The frame at the front of `bytes`; nullopt when there is no whole and unharmed one.
std::optional<WalFrame> DecodeWalFrame(std::span<const std::byte> bytes, uint64_t nonce);
/// Whether `bytes` begin like a frame of a record not below `least_seq`, as far as that can be said
/// without a nonce: how a damaged header is told from a segment that was never used.
bool LooksLikeWalFrame(std::span<const std::byte> bytes, uint64_t least_seq);

}  // namespace stria::storage
