// The open parts of a shard.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/format/part_reader.h"
#include "storage/io/block_cache.h"
#include "storage/io/file_pool.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Opens parts when they are first read, and keeps them open until they are forgotten. Start-up
/// opens no part.
///
/// Thread safety: thread-safe.
class PartStore {
 public:
  /// Called with the name of a file whose bytes are damaged or gone, by whoever found it.
  using OnDamage = std::function<void(const std::string& file, const Status& status)>;

  PartStore(FileSystem& files, FilePool& pool, std::string directory, BlockCache& cache,
            OnDamage on_damage)
      : files_(files),
        pool_(pool),
        directory_(std::move(directory)),
        cache_(cache),
        on_damage_(std::move(on_damage)) {}

  Result<std::shared_ptr<PartReader>> Open(const PartMeta& meta);

  /// Opens a part for somebody who reads it once, all of it: past the cache, and with a reader that
  /// nobody else has.
  Result<std::shared_ptr<PartReader>> OpenOnce(const PartMeta& meta);

  /// Drops the readers of a file that no version names any more, and removes it.
  void Remove(const std::string& file);

  const std::string& directory() const { return directory_; }

 private:
  Result<std::shared_ptr<File>> OpenFile(const std::string& name);

  Result<std::shared_ptr<PartReader>> OpenReader(const PartMeta& meta, BlockCache* cache);

  FileSystem& files_;
  FilePool& pool_;
  std::string directory_;
  BlockCache& cache_;
  const OnDamage on_damage_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> open_files_ STRIA_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, uint64_t>, std::shared_ptr<PartReader>> readers_
      STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
