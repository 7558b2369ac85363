#include "storage/io/numbered_log.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/base/errors.h"
#include "storage/base/kill_point.h"

namespace stria::storage {
namespace {

constexpr uint64_t kMagic = 0x474f4c4149525453;  // "STRIALOG"
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 40;
constexpr size_t kNameDigits = 20;
constexpr uint64_t kMaxEditsBetweenSnapshots = 63;

struct ParsedRecord {
  NumberedLog::Kind kind = NumberedLog::Kind::kEdit;
  std::vector<std::byte> file;
  std::span<const std::byte> payload;
};

uint64_t RecordChecksum(std::span<const std::byte> header, std::span<const std::byte> payload) {
  return Checksum(payload, Checksum(header.first(kHeaderBytes - 8)));
}

Result<ParsedRecord> ParseRecord(std::vector<std::byte> file, uint64_t expected_number) {
  ParsedRecord record;
  record.file = std::move(file);
  ByteReader reader(record.file);
  STRIA_ASSIGN_OR_RETURN(const auto magic, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto version, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto kind, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto number, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto length, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto checksum, reader.Read<uint64_t>());
  if (magic != kMagic) return Corruption("not a record of a log");
  if (version != kVersion) return Corruption("version {} is not known", version);
  if (length != reader.num_remaining()) {
    return Corruption("payload of {} bytes, header says {}", reader.num_remaining(), length);
  }
  if (checksum != RecordChecksum(record.file, reader.rest()))
    return Corruption("checksum mismatch");
  if (number != expected_number) return Corruption("holds number {}", number);
  if (kind != 1 && kind != 2) return Corruption("kind {} is not known", kind);
  record.kind = static_cast<NumberedLog::Kind>(kind);
  record.payload = reader.rest();
  return record;
}

}  // namespace

std::optional<uint64_t> NumberedLog::ParseName(const std::string& name) {
  uint64_t number = 0;
  if (name.size() != kNameDigits) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  if (number == 0 || number == UINT64_MAX) return std::nullopt;  // Never written; 0 means none.
  return number;
}

Result<NumberedLog::Record> NumberedLog::ReadRecord(FileSystem& files, const std::string& path,
                                                    uint64_t number) {
  STRIA_ASSIGN_OR_RETURN(auto bytes, ReadFile(files, path));
  const auto parsed = ParseRecord(std::move(bytes), number);
  if (!parsed) return parsed.error().WithContext(path);
  return Record{.kind = parsed->kind,
                .number = number,
                .payload = {parsed->payload.begin(), parsed->payload.end()}};
}

std::string NumberedLog::PathOf(uint64_t number) const {
  return fmt::format("{}/{:020}", directory_, number);
}

Status NumberedLog::Open(const Apply& apply) {
  STRIA_RETURN_IF_ERROR(files_.CreateDirectories(directory_));
  STRIA_ASSIGN_OR_RETURN(const auto names, files_.List(directory_));
  std::vector<uint64_t> numbers;
  for (const auto& name : names) {
    if (const auto number = ParseName(name)) numbers.push_back(*number);
    if (name.ends_with(".tmp")) static_cast<void>(files_.Remove(directory_ + "/" + name));
  }
  if (numbers.empty()) return Status::Ok();
  std::ranges::sort(numbers);

  const auto read = [&](uint64_t number) -> Result<ParsedRecord> {
    const std::string path = PathOf(number);
    STRIA_ASSIGN_OR_RETURN(auto bytes, ReadFile(files_, path));
    auto record = ParseRecord(std::move(bytes), number);
    if (!record) return record.error().WithContext(path);
    return record;
  };
  // Backwards to the newest snapshot.
  std::vector<ParsedRecord> records;
  for (size_t i = numbers.size(); i-- > 0;) {
    if (!records.empty() && numbers[i] + 1 != numbers[i + 1]) break;
    STRIA_ASSIGN_OR_RETURN(auto record, read(numbers[i]));
    records.push_back(std::move(record));
    if (records.back().kind == Kind::kSnapshot) {
      snapshot_number_ = numbers[i];
      break;
    }
  }
  const bool from_start = records.size() == numbers.back();
  if (records.back().kind != Kind::kSnapshot && !from_start) {
    return Corruption("{}: record {} is missing", directory_, numbers.back() - records.size());
  }
  for (size_t i = records.size(); i-- > 0;) {
    const ParsedRecord& record = records[i];
    if (record.kind == Kind::kSnapshot) {
      snapshot_bytes_ = record.payload.size();
    } else {
      edit_bytes_ += record.payload.size();
    }
    STRIA_RETURN_IF_ERROR(apply(record.kind, record.payload).WithContext(directory_));
  }
  last_number_ = numbers.back();
  oldest_number_ = numbers.front();
  // A name may have been seen that a power cut would take back.
  return files_.SyncDirectory(directory_);
}

Status NumberedLog::AppendEdit(std::span<const std::byte> payload) {
  STRIA_RETURN_IF_ERROR(Append(Kind::kEdit, payload));
  edit_bytes_ += payload.size();
  return Status::Ok();
}

bool NumberedLog::WantsSnapshot() const {
  const uint64_t num_edits = last_number_ - snapshot_number_;
  constexpr uint64_t kSmallSnapshotBytes = 64 * kKiB;  // Rewriting less than this costs one sync.
  return num_edits >= kMaxEditsBetweenSnapshots ||
         edit_bytes_ > std::max(snapshot_bytes_, kSmallSnapshotBytes);
}

Status NumberedLog::AppendSnapshot(std::span<const std::byte> payload) {
  KillPoint("manifest.snapshot");
  STRIA_RETURN_IF_ERROR(Append(Kind::kSnapshot, payload));
  previous_snapshot_number_ = snapshot_number_;
  snapshot_number_ = last_number_;
  snapshot_bytes_ = payload.size();
  edit_bytes_ = 0;
  KillPoint("manifest.remove_old");
  RemoveOld();
  return Status::Ok();
}

Status NumberedLog::Append(Kind kind, std::span<const std::byte> payload) {
  std::vector<std::byte> file;
  file.reserve(kHeaderBytes + payload.size());
  AppendInteger(kMagic, file);
  AppendInteger(kVersion, file);
  AppendInteger(static_cast<uint32_t>(kind), file);
  AppendInteger(last_number_ + 1, file);
  AppendInteger<uint64_t>(payload.size(), file);
  AppendInteger(Checksum(payload, Checksum(file)), file);
  AppendBytes(payload, file);
  KillPoint("manifest.commit");
  STRIA_RETURN_IF_ERROR(CreateIfAbsent(files_, PathOf(last_number_ + 1), file));
  ++last_number_;
  return Status::Ok();
}

void NumberedLog::RemoveOld() {
  // A record that cannot be removed only takes space; the next snapshot tries again.
  for (; oldest_number_ < previous_snapshot_number_; ++oldest_number_) {
    const Status status = files_.Remove(PathOf(oldest_number_));
    if (!status.ok() && status.code() != StatusCode::kNotFound) return;
  }
}

}  // namespace stria::storage
