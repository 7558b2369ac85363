#include "storage/wal/wal_reader.h"

#include <algorithm>
#include <optional>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

// A segment with its bytes and the frames before the first bad one.
struct SegmentScan {
  WalSegmentHeader header;
  std::string path;
  std::vector<std::byte> bytes;
  uint64_t bad_offset = 0;  // Of the first thing that is neither a frame nor padding.
  uint64_t last_seq = 0;    // Of the frames before it.
  uint64_t num_frames = 0;
  uint64_t later_durable = 0;  // Greatest `durable` of frames found behind it.
  bool has_later_frame = false;
};

bool AllZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// Walks the frames of a segment. `on_frame` is called for each good one before the first bad one.
template <typename OnFrame>
Status WalkFrames(const SegmentScan& segment, uint64_t end, const OnFrame& on_frame) {
  size_t offset = kWalBlockBytes;
  while (offset < end) {
    const auto frame =
        DecodeWalFrame(std::span(segment.bytes).subspan(offset), segment.header.nonce);
    if (frame.has_value()) {
      STRIA_RETURN_IF_ERROR(on_frame(*frame));
      offset += frame->bytes;
    } else {
      offset = RoundUpToWalBlock(offset + 1);  // The padding after a group.
    }
  }
  return Status::Ok();
}

// Finds where the good frames of a segment end and what lies behind.
void Examine(SegmentScan& segment) {
  const std::span<const std::byte> bytes(segment.bytes);
  size_t offset = kWalBlockBytes;
  uint64_t expected = segment.header.first_seq;
  while (offset < bytes.size()) {
    const auto frame = DecodeWalFrame(bytes.subspan(offset), segment.header.nonce);
    if (frame.has_value() && frame->seq == expected) {
      segment.last_seq = expected++;
      ++segment.num_frames;
      offset += frame->bytes;
      continue;
    }
    // Zeros up to the block's end are the padding after a group.
    const size_t block_end = std::min(RoundUpToWalBlock(offset), bytes.size());
    if (offset == block_end || !AllZero(bytes.subspan(offset, block_end - offset))) break;
    offset = block_end;
  }
  segment.bad_offset = offset;
  for (size_t block = RoundUpToWalBlock(offset); block < bytes.size(); block += kWalBlockBytes) {
    const auto frame = DecodeWalFrame(bytes.subspan(block), segment.header.nonce);
    if (!frame.has_value() || frame->seq < expected) continue;
    segment.has_later_frame = true;
    segment.later_durable = std::max(segment.later_durable, frame->durable);
  }
}

Result<std::vector<SegmentScan>> ReadSegments(FileSystem& files, const std::string& directory,
                                              uint32_t shard, WalRecovery& recovery) {
  STRIA_ASSIGN_OR_RETURN(const auto names, files.List(directory));
  std::vector<SegmentScan> segments;
  for (const auto& name : names) {
    const auto number = ParseWalSegmentName(name);
    const std::string path = directory + "/" + name;
    if (!number.has_value()) {
      static_cast<void>(files.Remove(path));  // A spare, or one that was being made.
      continue;
    }
    recovery.next_segment = std::max(recovery.next_segment, *number + 1);
    STRIA_ASSIGN_OR_RETURN(auto bytes, ReadFile(files, path));
    const auto header = DecodeWalSegmentHeader(bytes, *number, shard);
    if (!header.has_value()) {
      // Its header was never synced, so neither was a record in it.
      static_cast<void>(files.Remove(path));
      continue;
    }
    SegmentScan segment;
    segment.header = *header;
    segment.path = path;
    segment.bytes = std::move(bytes);
    Examine(segment);
    segments.push_back(std::move(segment));
  }
  return segments;
}

// kCorruption when the end of `segments[index]` cannot be a torn tail.
Status CheckEnd(const std::vector<SegmentScan>& segments, size_t index) {
  const SegmentScan& segment = segments[index];
  const uint64_t missing =
      segment.num_frames == 0 ? segment.header.first_seq : segment.last_seq + 1;
  const bool later_says_durable = segment.has_later_frame && segment.later_durable >= missing;
  // Within an epoch a segment gets its first frame only when the one before is fully synced.
  const bool gap =
      index + 1 < segments.size() && segments[index + 1].header.epoch == segment.header.epoch &&
      segments[index + 1].num_frames > 0 && segments[index + 1].header.first_seq != missing;
  if (!later_says_durable && !gap) return Status::Ok();
  return Corruption(
      "{}: record {} at offset {} was acknowledged and is damaged; restore from a backup, or move "
      "the "
      "file away to go on without its records",
      segment.path, missing, segment.bad_offset);
}

}  // namespace

Result<WalRecovery> RecoverWal(FileSystem& files, const std::string& directory, uint32_t shard,
                               const AcceptedSeqs& accepted, uint64_t wal_low,
                               const WalVisitor& visit) {
  WalRecovery recovery;
  recovery.last_seq = wal_low == 0 ? 0 : wal_low - 1;
  STRIA_RETURN_IF_ERROR(files.CreateDirectories(directory));
  STRIA_ASSIGN_OR_RETURN(auto segments, ReadSegments(files, directory, shard, recovery));
  for (size_t i = 0; i < segments.size(); ++i) {
    SegmentScan& segment = segments[i];
    const auto limit = accepted.find(segment.header.epoch);
    const uint64_t last_valid = limit == accepted.end() ? UINT64_MAX : limit->second;
    if (limit == accepted.end() || segment.last_seq < last_valid) {
      STRIA_RETURN_IF_ERROR(CheckEnd(segments, i));
    }
    const auto apply = [&](const WalFrame& frame) -> Status {
      if (frame.seq > last_valid || frame.seq < wal_low) return Status::Ok();
      if (frame.seq <= recovery.last_seq) return Status::Ok();
      if (frame.seq != recovery.last_seq + 1 && recovery.last_seq + 1 > wal_low) {
        return Corruption("{}: record {} follows {}; the records between are missing", segment.path,
                          frame.seq, recovery.last_seq);
      }
      recovery.last_seq = frame.seq;
      ++recovery.num_records;
      return visit(frame);
    };
    STRIA_RETURN_IF_ERROR(WalkFrames(segment, segment.bad_offset, apply));
    // What counts from here on must still be there after a power cut.
    STRIA_ASSIGN_OR_RETURN(const auto file, files.OpenForWrite(segment.path));
    STRIA_RETURN_IF_ERROR(file->Sync());
    if (segment.has_later_frame) recovery.torn_bytes += segment.bytes.size() - segment.bad_offset;
    recovery.segments.push_back({.segment = segment.header.segment,
                                 .last_seq = std::min(segment.last_seq, last_valid),
                                 .bytes = segment.bad_offset});
    segment.bytes = {};
  }
  STRIA_RETURN_IF_ERROR(files.SyncDirectory(directory));
  return recovery;
}

}  // namespace stria::storage
