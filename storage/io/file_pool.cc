#include "storage/io/file_pool.h"

#include <utility>
#include <vector>

#include "storage/base/errors.h"

namespace stria::storage {

class FilePool::PooledFile final : public File {
 public:
  PooledFile(FilePool& pool, std::string path) : pool_(pool), path_(std::move(path)) {}
  ~PooledFile() override { pool_.Close(path_); }

  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
    STRIA_ASSIGN_OR_RETURN(const auto file, pool_.Take(path_));
    return file->ReadAt(offset, bytes);
  }
  Status WriteAt(uint64_t, std::span<const std::byte>) override {
    return IoError("{}: opened for reading", path_);
  }
  Status Sync() override { return IoError("{}: opened for reading", path_); }
  Result<uint64_t> Size() const override {
    STRIA_ASSIGN_OR_RETURN(const auto file, pool_.Take(path_));
    return file->Size();
  }

 private:
  FilePool& pool_;
  const std::string path_;
};

Result<std::shared_ptr<File>> FilePool::Open(const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(const auto file, Take(path));
  static_cast<void>(file);
  return std::shared_ptr<File>(std::make_shared<PooledFile>(*this, path));
}

Result<std::shared_ptr<File>> FilePool::Take(const std::string& path) {
  {
    const MutexLock lock(mutex_);
    const auto found = by_path_.find(path);
    if (found != by_path_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->file;
    }
  }
  STRIA_ASSIGN_OR_RETURN(auto opened, files_.OpenForRead(path));
  std::shared_ptr<File> file = std::move(opened);
  std::vector<std::shared_ptr<File>> closing;  // Outside the lock.
  const MutexLock lock(mutex_);
  const auto found = by_path_.find(path);
  if (found != by_path_.end()) return found->second->file;  // Another was faster.
  entries_.push_front({path, file});
  by_path_.emplace(path, entries_.begin());
  while (entries_.size() > max_open_) {
    closing.push_back(std::move(entries_.back().file));
    by_path_.erase(entries_.back().path);
    entries_.pop_back();
  }
  return file;
}

void FilePool::Close(const std::string& path) {
  std::shared_ptr<File> closing;
  const MutexLock lock(mutex_);
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  closing = std::move(found->second->file);
  entries_.erase(found->second);
  by_path_.erase(found);
}

size_t FilePool::num_open() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace stria::storage
