#include "storage/wal/wal_reader.h"

#include <algorithm>
#include <optional>

#include "storage/base/bytes.h"
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
  std::string name;
  std::string path;
  SegmentEnd end;
  uint64_t torn_bytes = 0;
  uint64_t last_valid = UINT64_MAX;  // Records above it are void.

  bool is_void() const { return header.first_seq > last_valid; }
  uint64_t last_seq() const {
    return end.next_seq == header.first_seq ? 0 : std::min(end.next_seq - 1, last_valid);
  }
};

// Whether the walk goes on behind a hole: at the first frame there, when record `missing` was
// durable and `later_durable` is the greatest number that a frame behind says to have been synced.
using GoOn = std::function<bool(uint64_t missing, uint64_t later_durable)>;

bool StopAtHole(uint64_t, uint64_t) {
  return false;
}

// Looks for frames behind a hole at `offset`: where the damaged frame's own length leads, since
// its bytes may be wrong and its length right, then at each block. Returns the place of the first,
// and bytes.size() for none.
size_t FindLaterFrame(std::span<const std::byte> bytes, const WalSegmentHeader& header,
                      size_t offset, uint64_t next_seq, uint64_t& later_durable) {
  size_t found = bytes.size();
  later_durable = 0;
  const auto try_at = [&](size_t place) {
    const auto frame =
        place < bytes.size() ? DecodeWalFrame(bytes.subspan(place), header.nonce) : std::nullopt;
    if (!frame.has_value() || frame->seq < next_seq) return;
    found = std::min(found, place);
    later_durable = std::max(later_durable, frame->durable);
  };
  // What is damaged stands here, or behind padding.
  for (const size_t damaged : {offset, RoundUpToWalBlock(offset)}) {
    if (damaged >= bytes.size()) break;
    ByteReader reader(bytes.subspan(damaged));
    if (const auto payload_bytes = reader.Read<uint32_t>(); payload_bytes && *payload_bytes != 0)
      try_at(damaged + kWalFrameHeaderBytes + *payload_bytes);
  }
  for (size_t block = RoundUpToWalBlock(offset); block < bytes.size(); block += kWalBlockBytes)
    try_at(block);
  return found;
}

// Walks the records of a segment in order and calls `on_frame` for each.
//
// Behind a group, the next one begins on the next block. Where it does not, what follows is
// searched: records that are not needed (all below `wal_low`) may be damaged, and the walk goes on
// behind them; at any other hole `go_on` decides.
template <typename OnFrame>
Status Walk(std::span<const std::byte> bytes, const WalSegmentHeader& header, uint64_t wal_low,
            SegmentEnd& end, const GoOn& go_on, const OnFrame& on_frame) {
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
      // Nearly always the padding after a group.
      const size_t block = RoundUpToWalBlock(offset);
      const auto next =
          block < bytes.size() ? DecodeWalFrame(bytes.subspan(block), header.nonce) : std::nullopt;
      if (next.has_value() && next->seq == end.next_seq) {
        offset = block;
        continue;
      }
    }
    uint64_t later_durable = 0;
    const size_t later = FindLaterFrame(bytes, header, offset, end.next_seq, later_durable);
    if (later == bytes.size()) return Status::Ok();
    const uint64_t later_seq = DecodeWalFrame(bytes.subspan(later), header.nonce)->seq;
    if (later_seq > std::max(end.next_seq, wal_low) && !go_on(end.next_seq, later_durable)) {
      end.has_later_frame = true;
      end.later_durable = later_durable;
      return Status::Ok();
    }
    end.next_seq = later_seq;
    offset = later;
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

// A segment whose header is damaged: without its nonce no frame can be verified.
struct LostSegment {
  uint64_t number = 0;
  std::string name;
  uint64_t last_seq = 0;  // The greatest number that a frame can have had.
};

// The greatest number of a record that stands at a block of `bytes`, as far as that can be said
// without a nonce. No segment has more records than headers fit in.
uint64_t GreatestSeq(std::span<const std::byte> bytes, uint64_t least_seq) {
  uint64_t greatest = least_seq;
  const uint64_t bound = least_seq + bytes.size() / kWalFrameHeaderBytes;
  for (size_t block = kWalBlockBytes; block < bytes.size(); block += kWalBlockBytes) {
    const auto frame = bytes.subspan(block);
    if (!LooksLikeWalFrame(frame, least_seq)) continue;
    ByteReader reader(frame.subspan(8));
    if (const auto seq = reader.Read<uint64_t>(); seq && *seq <= bound)
      greatest = std::max(greatest, *seq);
  }
  return greatest;
}

// Whether some block of `bytes` begins like a record not below `least_seq`: the first ones may be
// in parts already.
bool HoldsFrame(std::span<const std::byte> bytes, uint64_t least_seq) {
  for (size_t block = kWalBlockBytes; block < bytes.size(); block += kWalBlockBytes) {
    if (LooksLikeWalFrame(bytes.subspan(block), least_seq)) return true;
  }
  return false;
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
      HoldsFrame(bytes, std::max<uint64_t>(wal_low, 1))) {
    return Corruption("{}: the header is damaged and acknowledged records follow it; {}", path,
                      kAdvice);
  }
  return std::optional<WalSegmentHeader>();
}

// What the directory holds.
struct Found {
  std::vector<Segment> segments;  // Ascending by number, as those below.
  std::vector<LostSegment> lost;
  std::vector<std::string> useless;  // To remove when recovery has succeeded.
};

Result<Found> ReadSegments(FileSystem& files, const std::string& directory, uint32_t shard,
                           uint64_t wal_low, WalDamagePolicy policy, WalRecovery& recovery) {
  STRIA_ASSIGN_OR_RETURN(const auto names, files.List(directory));
  Found found;
  for (const auto& name : names) {
    const auto number = ParseWalSegmentName(name);
    const std::string path = directory + "/" + name;
    if (name == kWalSpareName || name == kWalSpareTemporaryName) found.useless.push_back(path);
    if (!number.has_value()) continue;
    recovery.next_segment = std::max(recovery.next_segment, *number + 1);
    STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files, path));
    const auto header = ReadHeader(path, bytes, *number, shard, wal_low);
    if (!header) {
      const bool is_newer = WalSegmentVersion(bytes).value_or(0) > kWalVersion;
      if (policy == WalDamagePolicy::kRefuse || is_newer) return header.error();
      found.lost.push_back({*number, name, GreatestSeq(bytes, std::max<uint64_t>(wal_low, 1))});
      continue;
    }
    if (!header->has_value()) {
      found.useless.push_back(path);
      continue;
    }
    recovery.last_epoch = std::max(recovery.last_epoch, (*header)->epoch);
    auto& segment = found.segments.emplace_back();
    segment.header = **header;
    segment.name = name;
    segment.path = path;
    STRIA_RETURN_IF_ERROR(Walk(bytes, segment.header, wal_low, segment.end, StopAtHole,
                               [](const WalFrame&) { return Status::Ok(); }));
    segment.torn_bytes = TornBytes(bytes, segment.end);
  }
  return found;
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

// Goes through the segments in order; see RecoverWal().
class Replayer {
 public:
  Replayer(FileSystem& files, const std::string& directory, const Found& found, uint64_t wal_low,
           uint64_t last_accepted, WalDamagePolicy policy, const WalVisitor& visit,
           WalRecovery& recovery)
      : files_(files),
        directory_(directory),
        found_(found),
        wal_low_(wal_low),
        last_accepted_(last_accepted),
        policy_(policy),
        visit_(visit),
        recovery_(recovery) {}

  Status Run() {
    for (size_t i = 0; i < found_.segments.size(); ++i) {
      const Segment& segment = found_.segments[i];
      const uint64_t first_seq = segment.header.first_seq;
      if (!segment.is_void() && first_seq > recovery_.last_seq + 1) {
        STRIA_RETURN_IF_ERROR(
            Missing(first_seq - 1, LostBefore(segment.header.segment),
                    fmt::format("{}: begins with record {}, and those from {} on are missing",
                                segment.path, first_seq, recovery_.last_seq + 1)));
      }
      STRIA_RETURN_IF_ERROR(Replay(i));
    }
    if (recovery_.last_seq < last_accepted_) {
      STRIA_RETURN_IF_ERROR(
          Missing(last_accepted_, LostBefore(UINT64_MAX),
                  fmt::format("{}: records {} to {} were acknowledged and are missing", directory_,
                              recovery_.last_seq + 1, last_accepted_)));
    }
    // Only a segment of the last epoch can be behind what the manifest knows.
    for (const auto& lost : found_.lost) {
      if (lost.last_seq <= recovery_.last_seq) continue;
      STRIA_RETURN_IF_ERROR(Missing(lost.last_seq, lost.name,
                                    fmt::format("{}/{}: the header is damaged and acknowledged "
                                                "records follow it",
                                                directory_, lost.name)));
    }
    return Status::Ok();
  }

 private:
  // Records from the last one on, to `last_seq`, are lost.
  Status Missing(uint64_t last_seq, const std::string& segment, const std::string& reason) {
    if (policy_ == WalDamagePolicy::kRefuse) return Corruption("{}; {}", reason, kAdvice);
    recovery_.damages.push_back({.first_seq = recovery_.last_seq + 1,
                                 .last_seq = last_seq,
                                 .segment = segment,
                                 .reason = reason});
    recovery_.last_seq = last_seq;
    return Status::Ok();
  }

  // The segment without a header that stands before segment `number`; "" for none.
  std::string LostBefore(uint64_t number) const {
    std::string name;
    for (const auto& lost : found_.lost) {
      if (lost.number < number) name = lost.name;
    }
    return name;
  }

  // Calls the visitor for the records of a segment that count, and looks at its end.
  Status Replay(size_t index) {
    const Segment& segment = found_.segments[index];
    if (segment.is_void()) return Status::Ok();
    const auto next =
        std::find_if(found_.segments.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                     found_.segments.end(), [](const Segment& one) { return !one.is_void(); });
    // A segment is begun only when everything before it is synced, so its header is as good as a
    // frame.
    const auto was_durable = [&](uint64_t missing, uint64_t later_durable) {
      return missing <= segment.last_valid &&
             (later_durable >= missing ||
              (next != found_.segments.end() ? next->header.first_seq > missing
                                             : last_accepted_ >= missing));
    };
    SegmentEnd end = segment.end;
    const uint64_t missing = std::max(end.next_seq, wal_low_);
    const bool has_hole = was_durable(missing, end.has_later_frame ? end.later_durable : 0);
    const auto reason = [&] {
      return fmt::format("{}: record {}, at offset {} or behind, was acknowledged and is damaged",
                         segment.path, missing, segment.end.offset);
    };
    if (has_hole && policy_ == WalDamagePolicy::kRefuse) {
      return Corruption("{}; {}", reason(), kAdvice);
    }
    if (end.next_seq > wal_low_ || has_hole) {
      // Read again, so that a long log is never in memory as a whole.
      STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files_, segment.path));
      const auto go_on = has_hole ? GoOn(was_durable) : GoOn(StopAtHole);
      STRIA_RETURN_IF_ERROR(
          Walk(bytes, segment.header, wal_low_, end, go_on,
               [&](const WalFrame& frame) { return Visit(segment, frame, reason); }));
    }
    // The hole reaches to the end of the segment, unless the file behind it is the damaged one.
    const uint64_t first_lost = std::max(end.next_seq, recovery_.last_seq + 1);
    const bool is_cut = was_durable(first_lost, end.has_later_frame ? end.later_durable : 0);
    const uint64_t next_number = next == found_.segments.end() ? UINT64_MAX : next->header.segment;
    const auto lost = std::ranges::find_if(found_.lost, [&](const LostSegment& one) {
      return one.number > segment.header.segment && one.number < next_number;
    });
    const bool is_file_gone =
        next != found_.segments.end() && next_number != segment.header.segment + 1;
    if (is_cut && lost == found_.lost.end() && !is_file_gone) {
      const uint64_t last =
          next == found_.segments.end() ? last_accepted_ : next->header.first_seq - 1;
      STRIA_RETURN_IF_ERROR(Missing(std::max(first_lost, std::min(last, segment.last_valid)),
                                    segment.name, reason()));
    }
    recovery_.torn_bytes += has_hole ? 0 : segment.torn_bytes;
    uint64_t last_seq = segment.last_seq();
    if (has_hole) last_seq = std::min(recovery_.last_seq, segment.last_valid);
    recovery_.segments.push_back(
        {.segment = segment.header.segment, .last_seq = last_seq, .bytes = end.offset});
    return Status::Ok();
  }

  template <typename Reason>
  Status Visit(const Segment& segment, const WalFrame& frame, const Reason& reason) {
    if (frame.seq > segment.last_valid || frame.seq <= recovery_.last_seq) return Status::Ok();
    if (frame.seq != recovery_.last_seq + 1) {
      STRIA_RETURN_IF_ERROR(Missing(frame.seq - 1, segment.name, reason()));
    }
    recovery_.last_seq = frame.seq;
    ++recovery_.num_records;
    return visit_(frame);
  }

  FileSystem& files_;
  const std::string& directory_;
  const Found& found_;
  const uint64_t wal_low_;
  const uint64_t last_accepted_;
  const WalDamagePolicy policy_;
  const WalVisitor& visit_;
  WalRecovery& recovery_;
};

// Makes the records of the last segment durable. A start without a loss of power may read pages
// that a failed sync has dropped: they are in memory, not on the disk, and no sync writes them
// again. So what is not known to have been synced, the last group, is written once more as it is.
Status MakeDurable(FileSystem& files, const Segment& segment) {
  STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files, segment.path));
  const uint64_t end = std::min<uint64_t>(RoundUpToWalBlock(segment.end.offset), bytes.size());
  uint64_t begin = end;
  SegmentEnd walked;
  STRIA_RETURN_IF_ERROR(
      Walk(bytes, segment.header, 0, walked, StopAtHole, [&](const WalFrame& frame) {
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
                               const WalVisitor& visit, WalDamagePolicy policy) {
  WalRecovery recovery;
  recovery.last_seq = wal_low == 0 ? 0 : wal_low - 1;
  uint64_t last_accepted = 0;
  for (const auto& [epoch, seq] : accepted)
    last_accepted = std::max(last_accepted, seq);

  STRIA_RETURN_IF_ERROR(files.CreateDirectories(directory));
  STRIA_ASSIGN_OR_RETURN(auto found,
                         ReadSegments(files, directory, shard, wal_low, policy, recovery));
  FindLastValid(accepted, found.segments);
  STRIA_RETURN_IF_ERROR(
      Replayer(files, directory, found, wal_low, last_accepted, policy, visit, recovery).Run());
  const auto last = std::find_if(found.segments.rbegin(), found.segments.rend(),
                                 [](const Segment& segment) { return segment.last_seq() != 0; });
  if (last != found.segments.rend()) STRIA_RETURN_IF_ERROR(MakeDurable(files, *last));
  for (const auto& path : found.useless)
    static_cast<void>(files.Remove(path));  // What stays only takes space.
  STRIA_RETURN_IF_ERROR(files.SyncDirectory(directory));
  for (const auto& lost : found.lost) {
    recovery.segments.push_back({.segment = lost.number, .last_seq = lost.last_seq, .bytes = 0});
  }
  std::ranges::sort(recovery.segments, {}, &WalSegmentInfo::segment);
  return recovery;
}

}  // namespace stria::storage
