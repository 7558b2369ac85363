#include "storage/io/file_system.h"

#include <filesystem>

#include "storage/base/errors.h"
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

Status ProbeCommit(FileSystem& files, const std::string& directory) {
  const std::string first = directory + "/.probe.tmp";
  const std::string second = directory + "/.probe.link.tmp";
  const auto refuse = [&](const char* what, const Status& status) {
    return Unimplemented(
        "the file system of {} cannot hold a data directory: {} ({}); choose another one with "
        "--data",
        directory, what, status.ToString());
  };
  const auto probe = [&]() -> Status {
    static_cast<void>(files.Remove(second));  // Of a start that was killed here.
    STRIA_ASSIGN_OR_RETURN(const auto file, files.Create(first));
    STRIA_RETURN_IF_ERROR(file->Sync());
    if (Status status = files.Link(first, second); !status.ok()) {
      return refuse("a file cannot have a second name", status);
    }
    if (Status status = files.Link(first, second); status.code() != StatusCode::kAlreadyExists) {
      return refuse("a name that is taken can be taken again", status);
    }
    if (Status status = files.SyncDirectory(directory); !status.ok()) {
      return refuse("a directory cannot be synced", status);
    }
    return Status::Ok();
  };
  Status status = probe();
  static_cast<void>(files.Remove(first));  // What stays is empty, and taken by the next probe.
  static_cast<void>(files.Remove(second));
  return status;
}

}  // namespace stria::storage
