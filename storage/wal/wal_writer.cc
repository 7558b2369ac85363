#include "storage/wal/wal_writer.h"

#include <algorithm>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/base/kill_point.h"

namespace stria::storage {
namespace {

constexpr size_t kZeroBytes = 1 << 20;

size_t GroupBytes(std::span<const WalRecord> records) {
  size_t bytes = 0;
  for (const auto& record : records)
    bytes += kWalFrameHeaderBytes + record.payload.size();
  return RoundUpToWalBlock(bytes);
}

}  // namespace

WalWriter::WalWriter(FileSystem& files, Clock& clock, Random& random, WalWriterOptions options,
                     std::vector<WalSegmentInfo> segments)
    : files_(files),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      closed_(segments.begin(), segments.end()),
      next_segment_(options_.next_segment),
      next_seq_(options_.next_seq) {}

WalWriter::~WalWriter() = default;

Status WalWriter::CheckAlive() const {
  const MutexLock lock(mutex_);
  if (!failed_) return Status::Ok();
  return IoError("the log of shard {} failed earlier; restart to recover", options_.shard);
}

Status WalWriter::Reserve(std::span<const WalRecord> records) {
  STRIA_RETURN_IF_ERROR(CheckAlive());
  const size_t group_bytes = GroupBytes(records);
  if (current_ != nullptr && current_->end + group_bytes <= current_->capacity) return Status::Ok();
  return Roll(group_bytes);
}

Result<uint64_t> WalWriter::AppendGroup(std::span<const WalRecord> records) {
  STRIA_RETURN_IF_ERROR(Reserve(records));
  const size_t group_bytes = GroupBytes(records);
  const uint64_t first_seq = next_seq();
  std::vector<std::byte> group;
  group.reserve(group_bytes);
  uint64_t seq = first_seq;
  for (const auto& record : records) {
    // Groups are synced one after the other, so everything before this group is durable.
    AppendWalFrame(record.type, seq++, first_seq - 1, current_->nonce, record.payload, group);
  }
  group.resize(group_bytes);

  KillPoint("wal.append");
  Status status = current_->file->WriteAt(current_->end, group);
  KillPoint("wal.sync");
  const int64_t begin_ns = clock_.MonotonicNs();
  if (status.ok()) status = current_->file->Sync();
  const int64_t end_ns = clock_.MonotonicNs();
  const MutexLock lock(mutex_);
  if (!status.ok()) {
    failed_ = true;
    return IoError("the log of shard {} failed and takes no more writes until a restart: {}",
                   options_.shard, status.message());
  }
  current_->end += group_bytes;
  current_->info.last_seq = seq - 1;
  current_->info.bytes = current_->end;
  current_bytes_ = current_->end;
  next_seq_ = seq;
  bytes_written_ += group_bytes;
  ++num_syncs_;
  sync_ns_ += static_cast<uint64_t>(end_ns - begin_ns);
  return first_seq;
}

Result<std::unique_ptr<File>> WalWriter::MakeFile(const std::string& name, uint64_t bytes) const {
  STRIA_ASSIGN_OR_RETURN(auto file, files_.Create(PathOf(name)));
  const std::vector<std::byte> zeros(std::min<uint64_t>(bytes, kZeroBytes));
  for (uint64_t offset = 0; offset < bytes; offset += zeros.size()) {
    const size_t size = std::min<uint64_t>(zeros.size(), bytes - offset);
    STRIA_RETURN_IF_ERROR(file->WriteAt(offset, std::span(zeros).first(size)));
  }
  STRIA_RETURN_IF_ERROR(file->Sync());
  return file;
}

bool WalWriter::WantsNext() const {
  const MutexLock lock(mutex_);
  return !spare_ready_ && !preparing_ && !failed_;
}

Status WalWriter::PrepareNext() {
  {
    const MutexLock lock(mutex_);
    if (spare_ready_ || preparing_ || failed_) return Status::Ok();
    preparing_ = true;
  }
  const auto make = [&]() -> Status {
    STRIA_ASSIGN_OR_RETURN(const auto file,
                           MakeFile(kWalSpareTemporaryName, options_.segment_bytes));
    return files_.Rename(PathOf(kWalSpareTemporaryName), PathOf(kWalSpareName));
  };
  Status status = make();
  if (!status.ok()) static_cast<void>(files_.Remove(PathOf(kWalSpareTemporaryName)));
  const MutexLock lock(mutex_);
  preparing_ = false;
  spare_ready_ = status.ok();
  return status;
}

Status WalWriter::Roll(uint64_t group_bytes) {
  KillPoint("wal.roll");
  auto segment = std::make_unique<Segment>();
  const uint64_t needed = kWalBlockBytes + group_bytes;
  segment->capacity = std::max<uint64_t>(options_.segment_bytes, needed);
  bool use_spare = false;
  uint64_t first_seq = 0;
  {
    const MutexLock lock(mutex_);
    segment->info.segment = next_segment_;
    use_spare = spare_ready_ && needed <= options_.segment_bytes;
    first_seq = next_seq_;
  }
  if (Status status = OpenSegment(*segment, first_seq, use_spare); !status.ok()) {
    if (status.code() == StatusCode::kDiskFull) return status;
    const MutexLock lock(mutex_);
    failed_ = true;
    return status;
  }
  const MutexLock lock(mutex_);
  if (current_ != nullptr) closed_.push_back(current_->info);
  ++next_segment_;
  current_ = std::move(segment);
  current_bytes_ = current_->end;
  return Status::Ok();
}

Status WalWriter::OpenSegment(Segment& segment, uint64_t first_seq, bool use_spare) {
  const std::string path = PathOf(WalSegmentName(segment.info.segment));
  if (use_spare) {
    STRIA_RETURN_IF_ERROR(files_.Rename(PathOf(kWalSpareName), path));
    const MutexLock lock(mutex_);
    spare_ready_ = false;
  } else {
    const auto made = MakeFile(WalSegmentName(segment.info.segment), segment.capacity);
    if (!made) {
      static_cast<void>(files_.Remove(path));
      return made.error();
    }
  }
  STRIA_RETURN_IF_ERROR(files_.SyncDirectory(options_.directory));
  STRIA_ASSIGN_OR_RETURN(segment.file, files_.OpenForWrite(path));
  KillPoint("wal.header");
  segment.nonce = random_.Next();
  STRIA_RETURN_IF_ERROR(
      segment.file->WriteAt(0, EncodeWalSegmentHeader({.shard = options_.shard,
                                                       .segment = segment.info.segment,
                                                       .epoch = options_.epoch,
                                                       .nonce = segment.nonce,
                                                       .first_seq = first_seq})));
  // Before any frame, so that frames without a header can only be damage.
  return segment.file->Sync();
}

void WalWriter::Recycle(uint64_t wal_low) {
  std::vector<WalSegmentInfo> free;
  bool make_spare = false;
  {
    const MutexLock lock(mutex_);
    while (!closed_.empty() && closed_.front().last_seq < wal_low) {
      free.push_back(closed_.front());
      closed_.pop_front();
    }
    make_spare = !free.empty() && !spare_ready_ && !preparing_ && !failed_;
    if (make_spare) preparing_ = true;
  }
  for (const auto& segment : free) {
    const std::string path = PathOf(WalSegmentName(segment.segment));
    const auto size = make_spare ? files_.FileSize(path) : Result<uint64_t>(uint64_t{0});
    if (make_spare && size.has_value() && *size == options_.segment_bytes &&
        files_.Rename(path, PathOf(kWalSpareName)).ok()) {
      // Its old frames carry another nonce, and its header another number: nobody takes them for
      // new.
      make_spare = false;
      const MutexLock lock(mutex_);
      preparing_ = false;
      spare_ready_ = true;
      continue;
    }
    static_cast<void>(files_.Remove(path));  // What stays only takes space until the next start.
  }
  if (make_spare) {
    const MutexLock lock(mutex_);
    preparing_ = false;
  }
}

uint64_t WalWriter::next_seq() const {
  const MutexLock lock(mutex_);
  return next_seq_;
}

uint64_t WalWriter::bytes() const {
  const MutexLock lock(mutex_);
  uint64_t bytes = current_bytes_;
  for (const auto& segment : closed_)
    bytes += segment.bytes;
  return bytes;
}

uint64_t WalWriter::bytes_written() const {
  const MutexLock lock(mutex_);
  return bytes_written_;
}

uint64_t WalWriter::num_syncs() const {
  const MutexLock lock(mutex_);
  return num_syncs_;
}

uint64_t WalWriter::sync_ns() const {
  const MutexLock lock(mutex_);
  return sync_ns_;
}

bool WalWriter::failed() const {
  const MutexLock lock(mutex_);
  return failed_;
}

}  // namespace stria::storage
