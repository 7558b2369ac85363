// The disk of this machine, by POSIX calls. Every result is checked; EINTR is retried.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/base/errors.h"
#include "storage/io/file_system.h"

namespace stria::storage {
namespace {

Status ErrnoStatus(const char* action, const std::string& path, int error) {
  const char* reason = std::strerror(error);
  switch (error) {
    case ENOENT: return NotFound("{} {}: {}", action, path, reason);
    case EEXIST: return AlreadyExists("{} {}: {}", action, path, reason);
    case ENOSPC:
    case EDQUOT: return DiskFull("{} {}: {}", action, path, reason);
    default: return IoError("{} {}: {}", action, path, reason);
  }
}

// Repeats `call` while a signal interrupts it.
template <typename Call>
auto Retry(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR)
    result = call();
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }

  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
    while (!bytes.empty()) {
      const ssize_t size = Retry([&] {
        return ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (size < 0) return ErrnoStatus("read", path_, errno);
      if (size == 0) return Corruption("{}: ends before offset {}", path_, offset + bytes.size());
      bytes = bytes.subspan(static_cast<size_t>(size));
      offset += static_cast<uint64_t>(size);
    }
    return Status::Ok();
  }

  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t size = Retry([&] {
        return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (size < 0) return ErrnoStatus("write", path_, errno);
      bytes = bytes.subspan(static_cast<size_t>(size));
      offset += static_cast<uint64_t>(size);
    }
    return Status::Ok();
  }

  Status Sync() override {
    if (::fdatasync(descriptor_) != 0) return ErrnoStatus("sync", path_, errno);
    return Status::Ok();
  }

  Result<uint64_t> Size() const override {
    struct stat info {};
    if (::fstat(descriptor_, &info) != 0) return ErrnoStatus("stat", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  int descriptor_;
  std::string path_;
};

class PosixDirectoryLock final : public DirectoryLock {
 public:
  explicit PosixDirectoryLock(int descriptor) : descriptor_(descriptor) {}
  ~PosixDirectoryLock() override { ::close(descriptor_); }

 private:
  int descriptor_;
};

class PosixFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> OpenForRead(const std::string& path) override {
    return Open(path, O_RDONLY);
  }
  Result<std::unique_ptr<File>> OpenForWrite(const std::string& path) override {
    return Open(path, O_RDWR);
  }
  Result<std::unique_ptr<File>> Create(const std::string& path) override {
    return Open(path, O_RDWR | O_CREAT | O_TRUNC);
  }

  Status Link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return ErrnoStatus("link", to, errno);
    return Status::Ok();
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus("rename", from, errno);
    return Status::Ok();
  }
  Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return ErrnoStatus("remove", path, errno);
    return Status::Ok();
  }

  Status CreateDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::path missing(path);
    std::vector<std::filesystem::path> parents;  // Of the directories that are made, deepest first.
    while (!missing.empty() && !std::filesystem::exists(missing, error)) {
      const auto parent = missing.parent_path();
      parents.push_back(parent.empty() ? "." : parent);
      if (parent == missing) break;
      missing = parent;
    }
    std::filesystem::create_directories(path, error);
    if (error) return ErrnoStatus("create directory", path, error.value());
    for (const auto& parent : parents)
      STRIA_RETURN_IF_ERROR(SyncDirectory(parent.string()));
    return Status::Ok();
  }

  Status SyncDirectory(const std::string& path) override {
    const int descriptor =
        Retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return ErrnoStatus("open directory", path, errno);
    const int result = ::fsync(descriptor);
    const int error = errno;
    ::close(descriptor);
    if (result != 0) return ErrnoStatus("sync directory", path, error);
    return Status::Ok();
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    std::vector<std::string> names;
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) {
      if (errno == ENOENT) return names;
      return ErrnoStatus("list", path, errno);
    }
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(directory);
    if (error != 0) return ErrnoStatus("list", path, error);
    std::ranges::sort(names);
    return names;
  }

  Result<bool> Exists(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return ErrnoStatus("stat", path, errno);
  }

  Result<uint64_t> FileSize(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return ErrnoStatus("stat", path, errno);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<DiskSpace> Space(const std::string& path) override {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) return ErrnoStatus("statvfs", path, errno);
    return DiskSpace{.free_bytes = info.f_bavail * info.f_frsize,
                     .total_bytes = info.f_blocks * info.f_frsize};
  }

  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) override {
    const int descriptor =
        Retry([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
    if (descriptor < 0) return ErrnoStatus("open", path, errno);
    auto lock = std::make_unique<PosixDirectoryLock>(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return ErrnoStatus("lock", path, errno);
      char text[32] = {};
      const ssize_t size = ::pread(descriptor, text, sizeof(text) - 1, 0);
      std::string holder(text, size > 0 ? static_cast<size_t>(size) : 0);
      while (!holder.empty() && holder.back() == '\n')
        holder.pop_back();
      const auto directory = std::filesystem::path(path).parent_path().string();
      return Unavailable(
          "data directory {} is in use by process {}; stop that process or choose another "
          "directory with --data",
          directory, holder.empty() ? "unknown" : holder);
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
      // The lock is what counts; the pid in it only helps the next one's message.
    }
    return std::unique_ptr<DirectoryLock>(std::move(lock));
  }

 private:
  static Result<std::unique_ptr<File>> Open(const std::string& path, int flags) {
    const int descriptor = Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
    if (descriptor < 0) return ErrnoStatus("open", path, errno);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(descriptor, path));
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static PosixFiles files;
  return files;
}

}  // namespace stria::storage
