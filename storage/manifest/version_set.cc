#include "storage/manifest/version_set.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

std::set<std::string> FilesOf(const Version& version) {
  std::set<std::string> files;
  for (const auto& [table, parts] : version.tables) {
    for (const auto& part : parts->parts)
      files.insert(part.file);
  }
  return files;
}

}  // namespace

Status VersionSet::Open() {
  auto version = std::make_shared<Version>();
  const auto apply = [&](NumberedLog::Kind kind, std::span<const std::byte> payload) -> Status {
    STRIA_ASSIGN_OR_RETURN(const auto edit, DecodeVersionEdit(payload));
    if (kind == NumberedLog::Kind::kSnapshot) version = std::make_shared<Version>();
    STRIA_ASSIGN_OR_RETURN(version, version->Apply(edit));
    return Status::Ok();
  };
  STRIA_RETURN_IF_ERROR(log_.Open(apply));
  version->number = log_.last_number();  // A snapshot was read as if it were the first record.
  const MutexLock lock(mutex_);
  current_ = std::move(version);
  return Status::Ok();
}

std::shared_ptr<const Version> VersionSet::current() const {
  const MutexLock lock(mutex_);
  return current_;
}

Status VersionSet::Commit(const VersionEdit& wanted) {
  const MutexLock commit_lock(commit_mutex_);
  if (failed_) return IoError("the manifest failed earlier; restart to recover");
  const auto before = current();
  VersionEdit edit = wanted;
  STRIA_ASSIGN_OR_RETURN(std::shared_ptr<const Version> next, before->Apply(edit));
  if (const auto obsolete = next->ObsoleteTombstones(); !obsolete.empty()) {
    edit.removed_tombstones.insert(edit.removed_tombstones.end(), obsolete.begin(), obsolete.end());
    STRIA_ASSIGN_OR_RETURN(next, before->Apply(edit));
  }
  std::vector<std::byte> payload;
  Status status;
  if (log_.WantsSnapshot()) {
    EncodeVersionEdit(next->AsEdit(), payload);
    status = log_.AppendSnapshot(payload);
  } else {
    EncodeVersionEdit(edit, payload);
    status = log_.AppendEdit(payload);
  }
  if (!status.ok()) {
    failed_ = status.code() != StatusCode::kDiskFull;
    return status;
  }
  std::vector<std::string> gone;
  if (!edit.removed.empty() || !edit.dropped_tables.empty()) {
    const auto were_there = FilesOf(*before);
    const auto still_there = FilesOf(*next);
    std::ranges::set_difference(were_there, still_there, std::back_inserter(gone));
  }
  const MutexLock lock(mutex_);
  earlier_.push_back(before);
  for (auto& file : gone)
    retired_.push_back({next->number, std::move(file)});
  current_ = next;
  return Status::Ok();
}

std::vector<std::string> VersionSet::TakeGarbage() {
  const MutexLock lock(mutex_);
  std::erase_if(earlier_, [](const auto& version) { return version.expired(); });
  uint64_t oldest_read = current_->number;
  for (const auto& weak : earlier_) {
    if (const auto version = weak.lock()) oldest_read = std::min(oldest_read, version->number);
  }
  std::vector<std::string> garbage;
  std::erase_if(retired_, [&](Retired& retired) {
    if (retired.version_number > oldest_read) return false;
    garbage.push_back(std::move(retired.file));
    return true;
  });
  return garbage;
}

}  // namespace stria::storage
