// Files that are read now and then, of which only so many are open at once.
//
// A process may open a bounded number of files, and a server may have more parts than that. A file
// of the pool is opened when it is read, and closed when others were read more recently.

#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Thread safety: thread-safe.
class FilePool {
 public:
  /// Keeps at most `max_open` files open, besides those that are being read. `files` outlives it.
  FilePool(FileSystem& files, size_t max_open) : files_(files), max_open_(max_open) {}

  /// Opens `path`. What comes back can be read while its name is there, be it open or not, and
  /// outlives no pool; when it dies, the file is closed. Fails as FileSystem::OpenForRead() does.
  Result<std::shared_ptr<File>> Open(const std::string& path);

  size_t num_open() const;

 private:
  class PooledFile;
  struct Entry {
    std::string path;
    std::shared_ptr<File> file;
  };

  // The open file of that path, opened if need be, and now the most recent.
  Result<std::shared_ptr<File>> Take(const std::string& path);
  void Close(const std::string& path);

  FileSystem& files_;
  const size_t max_open_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ STRIA_GUARDED_BY(mutex_);  // Most recently read first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
