#include "storage/engine/part_store.h"

namespace stria::storage {

Result<std::shared_ptr<PartReader>> PartStore::Open(const PartMeta& meta) {
  std::shared_ptr<File> file;
  {
    const MutexLock lock(mutex_);
    const auto reader = readers_.find({meta.file, meta.offset});
    if (reader != readers_.end()) return reader->second;
    const auto open_file = open_files_.find(meta.file);
    if (open_file != open_files_.end()) file = open_file->second;
  }
  if (file == nullptr) {
    STRIA_ASSIGN_OR_RETURN(file, files_.OpenForRead(directory_ + "/" + meta.file));
  }
  STRIA_ASSIGN_OR_RETURN(auto reader, PartReader::Open(file, meta, &cache_));
  // Two who opened the same part at once keep the first; the other's reader dies with its scan.
  const MutexLock lock(mutex_);
  open_files_.try_emplace(meta.file, std::move(file));
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
