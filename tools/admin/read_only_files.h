// A file system that reads the disk and changes nothing: writes, names and syncs are accepted and
// forgotten. The engine's own readers run over it, and see what a start would see.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/io/file_system.h"

namespace stria::admin {

/// Thread safety: as that of the file system below.
class ReadOnlyFiles final : public storage::FileSystem {
 public:
  /// `base` outlives it. Names above `last_name` are not listed, so that a numbered log can be read
  /// as it was at one of its records; empty: all are.
  explicit ReadOnlyFiles(storage::FileSystem& base, std::string last_name = {})
      : base_(base), last_name_(std::move(last_name)) {}

  Result<std::unique_ptr<storage::File>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<storage::File>> OpenForWrite(const std::string& path) override;
  Result<std::unique_ptr<storage::File>> Create(const std::string& path) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override { return base_.Exists(path); }
  Result<uint64_t> FileSize(const std::string& path) override { return base_.FileSize(path); }
  Result<storage::DiskSpace> Space(const std::string& path) override { return base_.Space(path); }
  /// Fails with kUnimplemented: whoever only reads takes no lock.
  Result<std::unique_ptr<storage::DirectoryLock>> Lock(const std::string& path) override;

 private:
  storage::FileSystem& base_;
  const std::string last_name_;
};

}  // namespace stria::admin
