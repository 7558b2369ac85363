// A disk in memory that forgets what was not synced, and fails at a chosen call: what the tests of
// commits need.
//
// A file keeps its bytes and those of its last Sync(); a directory keeps its names and those of its
// last SyncDirectory(). Crash() goes back to the synced ones. Directories themselves are durable at
// once. Not thread-safe.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/errors.h"
#include "storage/io/file_system.h"

namespace stria::storage {

class MemoryFileSystem final : public FileSystem {
 public:
  /// What survives of names that were not synced when the power goes: a disk may do either.
  enum class Unsynced { kDropNames, kKeepNames };

  /// The `call`-th changing call from now, from 1, fails with `code`; if `dies`, so do all after
  /// it.
  void FailAt(uint64_t call, StatusCode code = StatusCode::kIoError, bool dies = false) {
    fail_in_ = call;
    fail_code_ = code;
    dies_ = dies;
    dead_ = false;
  }
  void FailNever() { FailAt(0); }
  /// Whether the call that FailAt() named was reached.
  bool failed() const { return failed_; }

  void Crash(Unsynced unsynced) {
    for (auto& [path, directory] : directories_) {
      if (unsynced == Unsynced::kKeepNames) {
        directory.synced = directory.names;
      } else {
        directory.names = directory.synced;
      }
      for (auto& [name, inode] : directory.names)
        inode->bytes = inode->synced;
    }
    failed_ = false;
    FailNever();
  }

  /// The bytes of a file, to be damaged.
  std::vector<std::byte>& BytesOf(const std::string& path) {
    const auto [directory, name] = Split(path);
    return directories_[directory].names.at(name)->bytes;
  }
  /// Puts a file there, synced.
  void Put(const std::string& path, std::vector<std::byte> bytes) {
    const auto [parent, name] = Split(path);
    Directory& directory = directories_[parent];
    directory.names[name] = std::make_shared<Inode>(Inode{bytes, bytes});
    directory.synced[name] = directory.names[name];
  }

  Result<std::unique_ptr<File>> OpenForRead(const std::string& path) override { return Open(path); }
  Result<std::unique_ptr<File>> OpenForWrite(const std::string& path) override {
    return Open(path);
  }
  Result<std::unique_ptr<File>> Create(const std::string& path) override {
    STRIA_RETURN_IF_ERROR(Step());
    const auto [parent, name] = Split(path);
    auto& inode = directories_[parent].names[name];
    if (inode == nullptr) inode = std::make_shared<Inode>();
    inode->bytes.clear();
    return Open(path);
  }
  Status Link(const std::string& from, const std::string& to) override {
    STRIA_RETURN_IF_ERROR(Step());
    const auto [from_parent, from_name] = Split(from);
    const auto [to_parent, to_name] = Split(to);
    const auto found = directories_[from_parent].names.find(from_name);
    if (found == directories_[from_parent].names.end()) return NotFound("link {}", from);
    if (!directories_[to_parent].names.emplace(to_name, found->second).second) {
      return AlreadyExists("link {}", to);
    }
    return Status::Ok();
  }
  Status Rename(const std::string& from, const std::string& to) override {
    STRIA_RETURN_IF_ERROR(Step());
    const auto [from_parent, from_name] = Split(from);
    const auto [to_parent, to_name] = Split(to);
    auto& names = directories_[from_parent].names;
    const auto found = names.find(from_name);
    if (found == names.end()) return NotFound("rename {}", from);
    const auto inode = found->second;
    names.erase(found);
    directories_[to_parent].names[to_name] = inode;
    return Status::Ok();
  }
  Status Remove(const std::string& path) override {
    STRIA_RETURN_IF_ERROR(Step());
    const auto [parent, name] = Split(path);
    if (directories_[parent].names.erase(name) == 0) return NotFound("remove {}", path);
    return Status::Ok();
  }
  Status CreateDirectories(const std::string& path) override {
    STRIA_RETURN_IF_ERROR(Step());
    directories_.try_emplace(path);
    return Status::Ok();
  }
  Status SyncDirectory(const std::string& path) override {
    STRIA_RETURN_IF_ERROR(Step());
    Directory& directory = directories_[path];
    directory.synced = directory.names;
    return Status::Ok();
  }
  Result<std::vector<std::string>> List(const std::string& path) override {
    std::vector<std::string> names;
    const auto found = directories_.find(path);
    if (found == directories_.end()) return names;
    for (const auto& [name, inode] : found->second.names)
      names.push_back(name);
    return names;
  }
  Result<bool> Exists(const std::string& path) override { return Open(path).has_value(); }
  Result<uint64_t> FileSize(const std::string& path) override {
    STRIA_ASSIGN_OR_RETURN(const auto file, Open(path));
    return file->Size();
  }
  Result<DiskSpace> Space(const std::string& /*path*/) override {
    return DiskSpace{.free_bytes = 1ULL << 40, .total_bytes = 1ULL << 40};
  }
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& /*path*/) override {
    return std::make_unique<DirectoryLock>();
  }

 private:
  struct Inode {
    std::vector<std::byte> bytes;
    std::vector<std::byte> synced;
  };
  struct Directory {
    std::map<std::string, std::shared_ptr<Inode>> names;
    std::map<std::string, std::shared_ptr<Inode>> synced;
  };

  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryFileSystem& files, std::shared_ptr<Inode> inode, std::string path)
        : files_(files), inode_(std::move(inode)), path_(std::move(path)) {}

    Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
      if (offset + bytes.size() > inode_->bytes.size()) return Corruption("{}: ends", path_);
      std::copy_n(inode_->bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(),
                  bytes.begin());
      return Status::Ok();
    }
    Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
      STRIA_RETURN_IF_ERROR(files_.Step());
      inode_->bytes.resize(std::max(inode_->bytes.size(), offset + bytes.size()));
      std::ranges::copy(bytes, inode_->bytes.begin() + static_cast<std::ptrdiff_t>(offset));
      return Status::Ok();
    }
    Status Sync() override {
      STRIA_RETURN_IF_ERROR(files_.Step());
      inode_->synced = inode_->bytes;
      return Status::Ok();
    }
    Result<uint64_t> Size() const override { return inode_->bytes.size(); }

   private:
    MemoryFileSystem& files_;
    std::shared_ptr<Inode> inode_;
    std::string path_;
  };

  static std::pair<std::string, std::string> Split(const std::string& path) {
    const size_t slash = path.rfind('/');
    return {path.substr(0, slash), path.substr(slash + 1)};
  }

  Result<std::unique_ptr<File>> Open(const std::string& path) {
    const auto [parent, name] = Split(path);
    const auto directory = directories_.find(parent);
    if (directory == directories_.end()) return NotFound("open {}", path);
    const auto found = directory->second.names.find(name);
    if (found == directory->second.names.end()) return NotFound("open {}", path);
    return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, found->second, path));
  }

  Status Step() {
    if (dead_) return {fail_code_, "the machine is off"};
    if (fail_in_ == 0 || --fail_in_ > 0) return Status::Ok();
    failed_ = true;
    dead_ = dies_;
    return {fail_code_, "made to fail"};
  }

  std::map<std::string, Directory> directories_;
  uint64_t fail_in_ = 0;  // 0: never.
  StatusCode fail_code_ = StatusCode::kIoError;
  bool dies_ = false;
  bool dead_ = false;
  bool failed_ = false;
};

}  // namespace stria::storage
