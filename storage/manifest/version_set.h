// The current version of a shard, its log, and the files that nobody needs any more.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/io/file_system.h"
#include "storage/io/numbered_log.h"
#include "storage/manifest/version.h"

namespace stria::storage {

/// Thread safety: thread-safe.
class VersionSet {
 public:
  /// `directory` is shard/<s>/manifest.
  VersionSet(FileSystem& files, std::string directory) : log_(files, std::move(directory)) {}

  /// Loads the newest version, or an empty one.
  Status Open();

  std::shared_ptr<const Version> current() const;

  /// Makes `edit` durable and current, and with it that the tombstones which nothing needs after it
  /// are gone. Fails with kDiskFull when nothing was done and a later
  /// commit may succeed, and with kAlreadyExists when another owner committed: the shard is fenced.
  /// After that and after kIoError the set takes no more: what is on disk is not known.
  Status Commit(const VersionEdit& edit);
  /// Whether a commit failed so that the set takes no more.
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  /// Names of part files that no version names any more, neither the current one nor one that
  /// somebody still reads. Each is returned once.
  std::vector<std::string> TakeGarbage();

 private:
  struct Retired {
    uint64_t version_number = 0;  // First that does not name the file.
    std::string file;
  };

  mutable Mutex mutex_;
  Mutex commit_mutex_;  // One commit at a time; readers do not wait for the disk.
  NumberedLog log_;
  std::atomic<bool> failed_ = false;  // Set under commit_mutex_.
  std::shared_ptr<const Version> current_ STRIA_GUARDED_BY(mutex_);
  std::deque<std::weak_ptr<const Version>> earlier_
      STRIA_GUARDED_BY(mutex_);  // Still read, perhaps.
  std::vector<Retired> retired_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
