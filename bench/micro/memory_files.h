// A disk that costs nothing but copying: what is left of a write path when the device is taken
// away.

#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/errors.h"
#include "storage/io/file_system.h"

namespace stria::bench {

using FileBytes = std::shared_ptr<std::vector<std::byte>>;

/// Thread safety: confined.
class MemoryFile final : public storage::File {
 public:
  explicit MemoryFile(FileBytes bytes) : bytes_(std::move(bytes)) {}

  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
    if (offset > bytes_->size() || bytes.size() > bytes_->size() - offset)
      return Corruption("the file ends at {}", bytes_->size());
    std::memcpy(bytes.data(), bytes_->data() + offset, bytes.size());
    return Status::Ok();
  }
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    if (bytes_->size() < offset + bytes.size()) bytes_->resize(offset + bytes.size());
    std::memcpy(bytes_->data() + offset, bytes.data(), bytes.size());
    return Status::Ok();
  }
  Status Sync() override { return Status::Ok(); }
  Result<uint64_t> Size() const override { return uint64_t{bytes_->size()}; }

 private:
  FileBytes bytes_;
};

/// Thread safety: confined.
class MemoryFiles final : public storage::FileSystem {
 public:
  using Opened = Result<std::unique_ptr<storage::File>>;

  Opened OpenForRead(const std::string& path) override { return Open(path); }
  Opened OpenForWrite(const std::string& path) override { return Open(path); }
  Opened Create(const std::string& path) override {
    files_[path] = std::make_shared<std::vector<std::byte>>();
    return Open(path);
  }
  Status Link(const std::string& from, const std::string& to) override {
    files_[to] = files_[from];
    return Status::Ok();
  }
  Status Rename(const std::string& from, const std::string& to) override {
    files_[to] = files_[from];
    files_.erase(from);
    return Status::Ok();
  }
  Status Remove(const std::string& path) override {
    files_.erase(path);
    return Status::Ok();
  }
  Status CreateDirectories(const std::string& /*path*/) override { return Status::Ok(); }
  Status SyncDirectory(const std::string& /*path*/) override { return Status::Ok(); }
  Result<std::vector<std::string>> List(const std::string& /*path*/) override {
    return std::vector<std::string>();
  }
  Result<bool> Exists(const std::string& path) override { return files_.contains(path); }
  Result<uint64_t> FileSize(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return NotFound("{}", path);
    return uint64_t{found->second->size()};
  }
  Result<storage::DiskSpace> Space(const std::string& /*path*/) override {
    return storage::DiskSpace{.free_bytes = 1 << 30, .total_bytes = 1 << 30};
  }
  Result<std::unique_ptr<storage::DirectoryLock>> Lock(const std::string& /*path*/) override {
    return std::make_unique<storage::DirectoryLock>();
  }

 private:
  Opened Open(const std::string& path) {
    const auto found = files_.find(path);
    if (found == files_.end()) return NotFound("{}", path);
    return Opened(std::make_unique<MemoryFile>(found->second));
  }

  std::map<std::string, FileBytes> files_;
};

}  // namespace stria::bench
