#include "server/rejects/reject_log.h"

#include <algorithm>
#include <utility>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"

namespace stria::server {
namespace {

using storage::NumberedLog;

uint64_t BytesOf(const RejectedLine& line) {
  constexpr uint64_t kOverhead = 256;  // Of the strings and the queue; a guess.
  return line.line.size() + line.reason.size() + kOverhead;
}

template <typename Lines>
std::vector<std::byte> Encode(const Lines& lines) {
  std::vector<std::byte> payload;
  AppendVarint(static_cast<uint64_t>(std::ranges::distance(lines)), payload);
  for (const RejectedLine& line : lines) {
    AppendVarint(line.id, payload);
    AppendInteger(line.time_ns, payload);
    AppendInteger(static_cast<uint8_t>(line.precision), payload);
    for (const std::string* text :
         {&line.database, &line.table, &line.line, &line.code, &line.reason, &line.source}) {
      AppendString(*text, payload);
    }
  }
  return payload;
}

Result<std::vector<RejectedLine>> Decode(std::span<const std::byte> payload) {
  ByteReader reader(payload);
  STRIA_ASSIGN_OR_RETURN(const auto count, reader.ReadVarint());
  std::vector<RejectedLine> lines;
  for (uint64_t i = 0; i < count; ++i) {
    RejectedLine& line = lines.emplace_back();
    STRIA_ASSIGN_OR_RETURN(line.id, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(line.time_ns, reader.Read<int64_t>());
    STRIA_ASSIGN_OR_RETURN(const auto precision, reader.Read<uint8_t>());
    if (precision > static_cast<uint8_t>(ingest::Precision::kHours)) {
      return Corruption("precision {} is not known", precision);
    }
    line.precision = static_cast<ingest::Precision>(precision);
    for (std::string* text :
         {&line.database, &line.table, &line.line, &line.code, &line.reason, &line.source}) {
      STRIA_ASSIGN_OR_RETURN(*text, reader.ReadString());
    }
  }
  if (!reader.empty()) return Corruption("bytes after the last line");
  return lines;
}

}  // namespace

RejectLog::RejectLog(storage::FileSystem& files, std::string directory, RejectLimits limits)
    : limits_(limits), log_(files, std::move(directory)) {}

Status RejectLog::Open() {
  const MutexLock disk_lock(disk_mutex_);
  const Status status =
      log_.Open([this](NumberedLog::Kind kind, std::span<const std::byte> payload) {
        return Apply(kind, payload);
      });
  is_open_ = status.ok();
  const MutexLock lock(mutex_);
  Shrink();
  persisted_id_ = next_id_ - 1;
  return status;
}

Status RejectLog::Apply(NumberedLog::Kind kind, std::span<const std::byte> payload) {
  STRIA_ASSIGN_OR_RETURN(auto lines, Decode(payload));
  const MutexLock lock(mutex_);
  if (kind == NumberedLog::Kind::kSnapshot) {
    lines_.clear();
    bytes_ = 0;
  }
  for (auto& line : lines) {
    next_id_ = std::max(next_id_, line.id + 1);
    bytes_ += BytesOf(line);
    lines_.push_back(std::move(line));
  }
  return Status::Ok();
}

bool RejectLog::Add(std::vector<RejectedLine> lines) {
  const MutexLock lock(mutex_);
  for (auto& line : lines) {
    line.id = next_id_++;
    bytes_ += BytesOf(line);
    lines_.push_back(std::move(line));
    Shrink();
  }
  return !lines_.empty() && lines_.back().id > persisted_id_;
}

void RejectLog::Shrink() {
  while (!lines_.empty() && (lines_.size() > limits_.max_lines || bytes_ > limits_.max_bytes)) {
    bytes_ -= BytesOf(lines_.front());
    lines_.pop_front();  // What is on the disk goes with the next snapshot.
  }
}

std::vector<RejectedLine> RejectLog::List(std::string_view database, std::string_view table) const {
  std::vector<RejectedLine> lines;
  const MutexLock lock(mutex_);
  std::ranges::copy_if(lines_, std::back_inserter(lines), [&](const RejectedLine& line) {
    return (database.empty() || line.database == database) &&
           (table.empty() || line.table == table);
  });
  return lines;
}

void RejectLog::Remove(const std::set<uint64_t>& ids) {
  const MutexLock lock(mutex_);
  const size_t num_erased =
      std::erase_if(lines_, [&](const RejectedLine& line) { return ids.contains(line.id); });
  if (num_erased == 0) return;
  was_removed_ = true;
  bytes_ = 0;
  for (const auto& line : lines_)
    bytes_ += BytesOf(line);
}

Status RejectLog::Persist() {
  const MutexLock disk_lock(disk_mutex_);
  if (!is_open_) return Status::Ok();
  std::vector<std::byte> payload;
  bool is_snapshot = false;
  uint64_t last_id = 0;
  {
    const MutexLock lock(mutex_);
    last_id = next_id_ - 1;
    if (!was_removed_ && last_id == persisted_id_) return Status::Ok();
    is_snapshot = was_removed_ || log_.WantsSnapshot();
    const auto first_new = std::ranges::upper_bound(lines_, persisted_id_, {}, &RejectedLine::id);
    payload = is_snapshot ? Encode(lines_) : Encode(std::ranges::subrange(first_new, lines_.end()));
    was_removed_ = false;
    persisted_id_ = last_id;
  }
  const Status status = is_snapshot ? log_.AppendSnapshot(payload) : log_.AppendEdit(payload);
  if (status.ok()) return status;
  // What is on the disk now is not known; a snapshot says all again.
  is_open_ = status.code() == StatusCode::kDiskFull;
  const MutexLock lock(mutex_);
  was_removed_ = true;
  return status;
}

uint64_t RejectLog::num_lines() const {
  const MutexLock lock(mutex_);
  return lines_.size();
}

std::string_view LineAt(std::string_view body, size_t offset) {
  if (offset >= body.size()) return {};
  bool in_fields = false, in_quotes = false;
  size_t end = offset;
  for (; end < body.size(); ++end) {
    const char c = body[end];
    if (c == '\\') {
      ++end;
    } else if (c == '\n' && !in_quotes) {
      break;
    } else if (c == ' ') {
      in_fields = true;  // Before the fields, quotes are characters like others.
    } else if (c == '"' && in_fields) {
      in_quotes = !in_quotes;
    }
  }
  auto line = body.substr(offset, std::min(end, body.size()) - offset);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace stria::server
