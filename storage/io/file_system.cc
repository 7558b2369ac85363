#include "storage/io/file_system.h"

#include <filesystem>

#include "storage/base/kill_point.h"

namespace stria::storage {

Result<std::vector<std::byte>> ReadFile(FileSystem& files, const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(const auto file, files.OpenForRead(path));
  STRIA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::vector<std::byte> bytes(size);
  STRIA_RETURN_IF_ERROR(file->ReadAt(0, bytes));
  return bytes;
}

Status CreateIfAbsent(FileSystem& files, const std::string& path,
                      std::span<const std::byte> bytes) {
  const std::filesystem::path final_path(path);
  const std::string directory = final_path.parent_path().string();
  // One writer a name, by the directory lock; so the temporary name needs no random part.
  const std::string temporary = directory + "/." + final_path.filename().string() + ".tmp";
  const auto write = [&]() -> Status {
    STRIA_ASSIGN_OR_RETURN(const auto file, files.Create(temporary));
    STRIA_RETURN_IF_ERROR(file->WriteAt(0, bytes));
    return file->Sync();
  };
  Status status = write();
  if (status.ok()) {
    KillPoint("commit.link");
    status = files.Link(temporary, path);
  }
  // The temporary name only takes space: a failure to remove it changes nothing that was promised.
  static_cast<void>(files.Remove(temporary));
  STRIA_RETURN_IF_ERROR(status);
  KillPoint("commit.sync_directory");
  // The name is there and may go again with the power: neither done nor not done.
  if (status = files.SyncDirectory(directory); status.ok()) return status;
  return {StatusCode::kIoError, std::string(status.message())};
}

}  // namespace stria::storage
