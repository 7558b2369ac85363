#include "storage/engine/part_store.h"

#include "storage/base/errors.h"

namespace stria::storage {

Result<std::shared_ptr<File>> PartStore::OpenFile(const std::string& name) {
  {
    const MutexLock lock(mutex_);
    const auto open_file = open_files_.find(name);
    if (open_file != open_files_.end()) return open_file->second;
  }
  auto file = pool_.Open(directory_ + "/" + name);
  if (!file && file.error().code() == StatusCode::kNotFound) {
    return Corruption("part file {}/{} is missing", directory_, name);
  }
  return file;
}

Result<std::shared_ptr<PartReader>> PartStore::OpenReader(const PartMeta& meta, BlockCache* cache) {
  const auto open = [&]() -> Result<std::shared_ptr<PartReader>> {
    STRIA_ASSIGN_OR_RETURN(const auto file, OpenFile(meta.file));
    STRIA_ASSIGN_OR_RETURN(auto reader, PartReader::Open(file, meta, cache));
    const MutexLock lock(mutex_);
    open_files_.try_emplace(meta.file, file);
    return reader;
  };
  auto reader = open();
  if (reader) {
    (*reader)->set_on_damage(
        [this, name = meta.file](const Status& status) { on_damage_(name, status); });
  } else if (reader.error().code() == StatusCode::kCorruption) {
    on_damage_(meta.file, reader.error());
  }
  return reader;
}

Result<std::shared_ptr<PartReader>> PartStore::OpenOnce(const PartMeta& meta) {
  return OpenReader(meta, nullptr);
}

Result<std::shared_ptr<PartReader>> PartStore::Open(const PartMeta& meta) {
  {
    const MutexLock lock(mutex_);
    const auto reader = readers_.find({meta.file, meta.offset});
    if (reader != readers_.end()) return reader->second;
  }
  STRIA_ASSIGN_OR_RETURN(auto reader, OpenReader(meta, &cache_));
  // Two who opened the same part at once keep the first; the other's reader dies with its scan.
  const MutexLock lock(mutex_);
  return readers_.try_emplace({meta.file, meta.offset}, std::move(reader)).first->second;
}

void PartStore::Remove(const std::string& file) {
  {
    const MutexLock lock(mutex_);
    open_files_.erase(file);
    std::erase_if(readers_, [&](const auto& entry) { return entry.first.first == file; });
  }
  // A file that cannot be removed now is an orphan that the next start removes.
  static_cast<void>(files_.Remove(directory_ + "/" + file));
}

}  // namespace stria::storage
