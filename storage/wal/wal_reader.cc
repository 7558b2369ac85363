#include "storage/wal/wal_reader.h"

#include <algorithm>
#include <optional>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

constexpr const char* kAdvice = "restore the data directory from a backup";

// Where the records of a segment end, and what lies behind.
struct SegmentEnd {
  uint64_t offset = kWalBlockBytes;  // Behind the last record.
  uint64_t next_seq = 0;             // The first record that is not there.
  bool has_later_frame = false;
  uint64_t later_durable = 0;  // Greatest `durable` of the frames behind.
};

struct Segment {
  WalSegmentHeader header;
  std::string path;
  SegmentEnd end;
  uint64_t torn_bytes = 0;
  uint64_t last_valid = UINT64_MAX;  // Records above it are void.

  bool is_void() const { return header.first_seq > last_valid; }
  uint64_t last_seq() const {
    return end.next_seq == header.first_seq ? 0 : std::min(end.next_seq - 1, last_valid);
  }
};

// Walks the records of a segment in order and calls `on_frame` for each.
//
// Behind a group, the next one begins on the next block. Where it does not, the blocks that follow
// are searched: records that are not needed (all below `wal_low`) may be damaged, and the walk goes
// on behind them; at any other gap it ends.
template <typename OnFrame>
Status Walk(std::span<const std::byte> bytes, const WalSegmentHeader& header, uint64_t wal_low,
            SegmentEnd& end, const OnFrame& on_frame) {
  end = {.offset = kWalBlockBytes, .next_seq = header.first_seq};
  size_t offset = kWalBlockBytes;
  while (offset < bytes.size()) {
    const auto frame = DecodeWalFrame(bytes.subspan(offset), header.nonce);
    if (frame.has_value() && frame->seq == end.next_seq) {
      STRIA_RETURN_IF_ERROR(on_frame(*frame));
      offset += frame->bytes;
      end.offset = offset;
      ++end.next_seq;
      continue;
    }
    if (offset % kWalBlockBytes != 0) {
      offset = RoundUpToWalBlock(offset);  // The padding after a group, or what stands there now.
      continue;
    }
    bool resumed = false;
    for (size_t block = offset; block < bytes.size() && !resumed; block += kWalBlockBytes) {
      const auto later = DecodeWalFrame(bytes.subspan(block), header.nonce);
      if (!later.has_value() || later->seq < end.next_seq) continue;
      if (!end.has_later_frame && later->seq <= std::max(end.next_seq, wal_low)) {
        end.next_seq = later->seq;
        offset = block;
        resumed = true;
      } else {
        end.has_later_frame = true;
        end.later_durable = std::max(end.later_durable, later->durable);
      }
    }
    if (!resumed) return Status::Ok();
  }
  return Status::Ok();
}

// Bytes from the end of the records to the end of the segment, if a write was torn there; else 0.
uint64_t TornBytes(std::span<const std::byte> bytes, const SegmentEnd& end) {
  const auto is_torn_at = [&](uint64_t offset) {
    return offset < bytes.size() && LooksLikeWalFrame(bytes.subspan(offset), end.next_seq);
  };
  const bool torn =
      end.has_later_frame || is_torn_at(end.offset) || is_torn_at(RoundUpToWalBlock(end.offset));
  return torn ? bytes.size() - end.offset : 0;
}

// Nullopt for a segment that was never used. A header is synced before the first frame is written,
// and a recycled file holds only records below `wal_low`; so a bad header with a needed record
// behind it has been damaged since.
Result<std::optional<WalSegmentHeader>> ReadHeader(const std::string& path,
                                                   std::span<const std::byte> bytes,
                                                   uint64_t number, uint32_t shard,
                                                   uint64_t wal_low) {
  const auto header = DecodeWalSegmentHeader(bytes, number, shard);
  if (header.has_value() || bytes.size() <= kWalBlockBytes) return header;
  const auto version = WalSegmentVersion(bytes);
  if (version.has_value() && *version > kWalVersion) {
    return Corruption("{}: log segment of version {}, this program reads {}; use a newer one", path,
                      *version, kWalVersion);
  }
  if (!DecodeAnyWalSegmentHeader(bytes).has_value() &&
      LooksLikeWalFrame(bytes.subspan(kWalBlockBytes), std::max<uint64_t>(wal_low, 1))) {
    return Corruption("{}: the header is damaged and acknowledged records follow it; {}", path,
                      kAdvice);
  }
  return std::optional<WalSegmentHeader>();
}

// Reads what the directory holds. `useless` are the files to remove when recovery has succeeded.
Result<std::vector<Segment>> ReadSegments(FileSystem& files, const std::string& directory,
                                          uint32_t shard, uint64_t wal_low, WalRecovery& recovery,
                                          std::vector<std::string>& useless) {
  STRIA_ASSIGN_OR_RETURN(const auto names, files.List(directory));
  std::vector<Segment> segments;
  for (const auto& name : names) {
    const auto number = ParseWalSegmentName(name);
    const std::string path = directory + "/" + name;
    if (name == kWalSpareName || name == kWalSpareTemporaryName) useless.push_back(path);
    if (!number.has_value()) continue;
    recovery.next_segment = std::max(recovery.next_segment, *number + 1);
    STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files, path));
    STRIA_ASSIGN_OR_RETURN(const auto header, ReadHeader(path, bytes, *number, shard, wal_low));
    if (!header.has_value()) {
      useless.push_back(path);
      continue;
    }
    auto& segment = segments.emplace_back();
    segment.header = *header;
    segment.path = path;
    STRIA_RETURN_IF_ERROR(
        Walk(bytes, *header, wal_low, segment.end, [](const WalFrame&) { return Status::Ok(); }));
    segment.torn_bytes = TornBytes(bytes, segment.end);
  }
  return segments;
}

// What ended an epoch says which of its records count: the manifest, or for an epoch older than it
// remembers, the first segment of the next epoch, whose first record follows the last that counts.
void FindLastValid(const AcceptedSeqs& accepted, std::vector<Segment>& segments) {
  for (size_t i = segments.size(); i-- > 0;) {
    Segment& segment = segments[i];
    // Later epochs accepted no less, so the next one's number is a bound where its own is not kept.
    const auto limit = accepted.lower_bound(segment.header.epoch);
    if (limit != accepted.end()) segment.last_valid = limit->second;
    if (i + 1 == segments.size()) continue;
    const Segment& next = segments[i + 1];
    const uint64_t bound =
        next.header.epoch == segment.header.epoch ? next.last_valid : next.header.first_seq - 1;
    segment.last_valid = std::min(segment.last_valid, bound);
  }
}

// kCorruption when the end of `segments[index]` cannot be a torn tail: a record that counts is
// missing, and something says that it was durable.
Status CheckEnd(const std::vector<Segment>& segments, size_t index, uint64_t wal_low,
                uint64_t last_accepted) {
  const Segment& segment = segments[index];
  const uint64_t missing = std::max(segment.end.next_seq, wal_low);
  if (segment.is_void() || missing > segment.last_valid) return Status::Ok();
  const auto next = std::find_if(segments.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                                 segments.end(), [](const Segment& one) { return !one.is_void(); });
  // A segment is begun only when everything before it is synced, so its header is as good as a
  // frame.
  const bool was_durable =
      (segment.end.has_later_frame && segment.end.later_durable >= missing) ||
      (next != segments.end() ? next->header.first_seq > missing : last_accepted >= missing);
  if (!was_durable) return Status::Ok();
  return Corruption("{}: record {}, at offset {} or behind, was acknowledged and is damaged; {}",
                    segment.path, missing, segment.end.offset, kAdvice);
}

// Calls `visit` for the records of `segment` that count.
Status Replay(FileSystem& files, const Segment& segment, uint64_t wal_low, WalRecovery& recovery,
              const WalVisitor& visit) {
  if (segment.is_void() || segment.end.next_seq <= wal_low) return Status::Ok();
  // Read again, so that a long log is never in memory as a whole.
  STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files, segment.path));
  SegmentEnd end;
  const auto apply = [&](const WalFrame& frame) -> Status {
    if (frame.seq > segment.last_valid || frame.seq <= recovery.last_seq) return Status::Ok();
    if (frame.seq != recovery.last_seq + 1) {
      return Corruption("{}: record {} follows {}; {}", segment.path, frame.seq, recovery.last_seq,
                        kAdvice);
    }
    recovery.last_seq = frame.seq;
    ++recovery.num_records;
    return visit(frame);
  };
  return Walk(bytes, segment.header, wal_low, end, apply);
}

// Makes the records of the last segment durable. A start without a loss of power may read pages
// that a failed sync has dropped: they are in memory, not on the disk, and no sync writes them
// again. So what is not known to have been synced, the last group, is written once more as it is.
Status MakeDurable(FileSystem& files, const Segment& segment) {
  STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files, segment.path));
  const uint64_t end = std::min<uint64_t>(RoundUpToWalBlock(segment.end.offset), bytes.size());
  uint64_t begin = end;
  SegmentEnd walked;
  STRIA_RETURN_IF_ERROR(Walk(bytes, segment.header, 0, walked, [&](const WalFrame& frame) {
    if (frame.durable + 1 == frame.seq) {
      begin = static_cast<uint64_t>(frame.payload.data() - bytes.data()) - kWalFrameHeaderBytes;
    }
    return Status::Ok();
  }));
  STRIA_ASSIGN_OR_RETURN(const auto file, files.OpenForWrite(segment.path));
  if (begin < end) {
    STRIA_RETURN_IF_ERROR(file->WriteAt(begin, std::span(bytes).subspan(begin, end - begin)));
  }
  return file->Sync();
}

}  // namespace

Result<WalRecovery> RecoverWal(FileSystem& files, const std::string& directory, uint32_t shard,
                               const AcceptedSeqs& accepted, uint64_t wal_low,
                               const WalVisitor& visit) {
  WalRecovery recovery;
  recovery.last_seq = wal_low == 0 ? 0 : wal_low - 1;
  uint64_t last_accepted = 0;
  for (const auto& [epoch, seq] : accepted)
    last_accepted = std::max(last_accepted, seq);

  STRIA_RETURN_IF_ERROR(files.CreateDirectories(directory));
  std::vector<std::string> useless;
  STRIA_ASSIGN_OR_RETURN(auto segments,
                         ReadSegments(files, directory, shard, wal_low, recovery, useless));
  FindLastValid(accepted, segments);
  for (size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (!segment.is_void() && segment.header.first_seq > recovery.last_seq + 1) {
      return Corruption("{}: begins with record {}, and those from {} on are missing; {}",
                        segment.path, segment.header.first_seq, recovery.last_seq + 1, kAdvice);
    }
    STRIA_RETURN_IF_ERROR(CheckEnd(segments, i, wal_low, last_accepted));
    STRIA_RETURN_IF_ERROR(Replay(files, segment, wal_low, recovery, visit));
    recovery.torn_bytes += segment.torn_bytes;
    recovery.segments.push_back({.segment = segment.header.segment,
                                 .last_seq = segment.last_seq(),
                                 .bytes = segment.end.offset});
  }
  if (recovery.last_seq < last_accepted) {
    return Corruption("{}: records {} to {} were acknowledged and are missing; {}", directory,
                      recovery.last_seq + 1, last_accepted, kAdvice);
  }
  const auto last = std::find_if(segments.rbegin(), segments.rend(),
                                 [](const Segment& segment) { return segment.last_seq() != 0; });
  if (last != segments.rend()) STRIA_RETURN_IF_ERROR(MakeDurable(files, *last));
  for (const auto& path : useless)
    static_cast<void>(files.Remove(path));  // What stays only takes space.
  STRIA_RETURN_IF_ERROR(files.SyncDirectory(directory));
  return recovery;
}

}  // namespace stria::storage
