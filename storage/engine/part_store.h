// The open parts of a shard.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/format/part_reader.h"
#include "storage/io/block_cache.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Opens parts when they are first read, and keeps them open until they are forgotten. Start-up
/// opens no part.
///
/// Thread safety: thread-safe.
class PartStore {
 public:
  PartStore(FileSystem& files, std::string directory, BlockCache& cache)
      : files_(files), directory_(std::move(directory)), cache_(cache) {}

  Result<std::shared_ptr<PartReader>> Open(const PartMeta& meta);

  /// Drops the readers of a file that no version names any more, and removes it.
  void Remove(const std::string& file);

  const std::string& directory() const { return directory_; }

 private:
  FileSystem& files_;
  std::string directory_;
  BlockCache& cache_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> open_files_ STRIA_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, uint64_t>, std::shared_ptr<PartReader>> readers_
      STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
