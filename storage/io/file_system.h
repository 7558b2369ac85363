// The interface through which all disk access goes.
//
// Durable state is made of immutable files that appear under their final name by Link(), and of
// write-ahead-log segments, the only files written in place. A test double fails the k-th call,
// tears the last write and drops what was not synced; so nothing here is allowed to hide a system
// call that matters.
//
// Paths are UTF-8, absolute or relative to the process. Errors: kNotFound, kAlreadyExists,
// kDiskFull (ENOSPC, EDQUOT), else kIoError; messages name the path and the system's reason.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"

namespace stria::storage {

/// An open file. Reads are thread-safe; writes want a lock outside.
class File {
 public:
  virtual ~File() = default;

  /// Fills `bytes` from `offset`. Fails with kCorruption when the file ends first.
  virtual Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const = 0;

  /// Writes all of `bytes` at `offset`, extending the file where needed.
  virtual Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) = 0;

  /// fdatasync. After a failure the file must not be written again: the kernel has dropped the
  /// pages.
  virtual Status Sync() = 0;

  virtual Result<uint64_t> Size() const = 0;
};

struct DiskSpace {
  uint64_t free_bytes = 0;  ///< that an unprivileged process may still write
  uint64_t total_bytes = 0;
};

/// A lock on a directory, held until destroyed.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// Thread safety: thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Opens an existing file for reading.
  virtual Result<std::unique_ptr<File>> OpenForRead(const std::string& path) = 0;
  /// Opens an existing file for reading and writing in place.
  virtual Result<std::unique_ptr<File>> OpenForWrite(const std::string& path) = 0;
  /// Makes an empty file; one of that name is truncated.
  virtual Result<std::unique_ptr<File>> Create(const std::string& path) = 0;

  /// Gives `from` the second name `to`. Fails with kAlreadyExists if `to` exists: this is the
  /// commit.
  virtual Status Link(const std::string& from, const std::string& to) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  /// Makes `path` and what is missing above it, durably.
  virtual Status CreateDirectories(const std::string& path) = 0;
  /// Makes names created, linked, renamed or removed in `path` durable.
  virtual Status SyncDirectory(const std::string& path) = 0;

  /// Names in `path` (not paths), sorted; empty for a directory that does not exist.
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;
  virtual Result<bool> Exists(const std::string& path) = 0;
  virtual Result<uint64_t> FileSize(const std::string& path) = 0;
  /// The space of the disk that `path` lies on.
  virtual Result<DiskSpace> Space(const std::string& path) = 0;

  /// Takes the lock file `path` for this process and writes its pid into it. Fails with
  /// kUnavailable naming the pid of the holder.
  virtual Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) = 0;
};

/// The disk of this machine. Lives until the process ends.
FileSystem& PosixFileSystem();

/// Reads a whole file.
Result<std::vector<std::byte>> ReadFile(FileSystem& files, const std::string& path);

/// The engine's commit: writes `bytes` to a temporary file beside `path`, syncs it, links it to
/// `path`, syncs the directory and removes the temporary name. After kOk the file is durable; after
/// a crash it is there whole or not at all. Fails with kAlreadyExists if `path` exists and with
/// kDiskFull when nothing was done; after kIoError it may be there.
Status CreateIfAbsent(FileSystem& files, const std::string& path, std::span<const std::byte> bytes);

/// Tries out whether CreateIfAbsent() can work in `directory`: some file systems have no links, and
/// some give a name to a second file. Fails with kUnimplemented, saying what is wrong.
Status ProbeCommit(FileSystem& files, const std::string& directory);

}  // namespace stria::storage
