// A disk in memory that fails at a chosen call, forgets what was not synced, tears what was being
// written, runs full, and can be made to lie: what the tests of durability need.
//
// The model, per file: the bytes that reads see (the page cache), the bytes on the disk, and for
// each sector of 512 bytes whether the cache is ahead of the disk. Sync() writes those sectors out.
// A Sync() that fails drops the marks without writing, as Linux does: reads still see the bytes, no
// later Sync() writes them, and a power cut takes them back. Per directory: the names that are
// seen, those on the disk, and the changes between them in order, which SyncDirectory() writes out.
// Directories themselves are durable when CreateDirectories() returns.
//
// Restart() is the death of the process: the page cache stays. Crash() is the loss of power.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Thread safety: thread-safe, but for BytesOf().
class FaultFileSystem final : public FileSystem {
 public:
  /// What survives a power cut of that which was not synced. A disk may do any of these.
  enum class Unsynced {
    kDropNames,  ///< nothing
    kKeepNames,  ///< names, but no bytes
    kKeepAll,    ///< everything that the process did
    kTorn,       ///< of each directory's changes the first few, of each file any sectors, one torn
  };

  /// Bugs that a file system or its caller could have; see Plant().
  enum class Lie {
    kFileSync,       ///< Sync() says kOk and writes nothing
    kDirectorySync,  ///< SyncDirectory() says kOk and writes nothing
    kLinkReplaces,   ///< Link() takes a name that is there
  };

  /// Tears by `seed`.
  explicit FaultFileSystem(uint64_t seed = 1) : random_(seed) {}

  /// The `call`-th changing call from now, from 1, fails with `code`; if `dies`, so do all after
  /// it. A write that fails has written half of its bytes. Changing calls are those that make,
  /// write, sync, link, rename or remove.
  void FailAt(uint64_t call, StatusCode code = StatusCode::kIoError, bool dies = false);
  void FailNever() { FailAt(0); }
  /// From now on every call fails: the power is gone, here and not at a call.
  void Die();
  /// The same for calls that read, open, list or ask for a size.
  void FailReadAt(uint64_t call, StatusCode code = StatusCode::kIoError);
  /// Whether the call that FailAt() or FailReadAt() named was reached, and what it was.
  bool failed() const;
  std::string failed_call() const;
  /// Whether every call fails until Restart() or Crash().
  bool dead() const;
  /// Changing calls so far.
  uint64_t num_calls() const;

  /// The size of the disk: a write that would need more fails with kDiskFull.
  void SetCapacity(uint64_t bytes);

  /// From now on lies about paths that contain `path_part`.
  void Plant(Lie lie, std::string path_part);

  /// The process has died and starts again: nothing fails any more, and the locks are free.
  void Restart();
  /// The power has gone and come back. Files that are open must not be used any more.
  void Crash(Unsynced unsynced);

  /// The bytes that reads of a file see, to be damaged.
  std::vector<std::byte>& BytesOf(const std::string& path);
  /// Lets a power cut leave the bytes of a file as they are now, damage included.
  void WriteOut(const std::string& path);
  /// The bytes that reads see, of all files, by path.
  std::map<std::string, std::vector<std::byte>> AllFiles() const;
  /// Puts a file there, synced.
  void Put(const std::string& path, std::vector<std::byte> bytes);

  Result<std::unique_ptr<File>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<File>> OpenForWrite(const std::string& path) override;
  Result<std::unique_ptr<File>> Create(const std::string& path) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
  Result<uint64_t> FileSize(const std::string& path) override;
  Result<DiskSpace> Space(const std::string& path) override;
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::string& path) override;

 private:
  struct Inode {
    std::vector<std::byte> bytes;  // What reads see.
    std::vector<std::byte> disk;   // What a power cut leaves.
    std::vector<bool> ahead;       // By sector: `bytes` is to be written out.
    bool size_is_ahead = false;
    uint64_t num_counts = 0;  // Of UsedBytes(), when it was counted last: it may have two names.
  };
  using InodePtr = std::shared_ptr<Inode>;
  using Names = std::map<std::string, InodePtr>;
  // What one call did to names; a null inode takes the name away.
  using NameChange = std::vector<std::pair<std::string, InodePtr>>;
  struct Directory {
    Names names;
    Names disk;
    std::vector<NameChange> ahead;
  };
  class OpenFile;
  class HeldLock;

  // Counts a call; its failure if it is its turn.
  Status Change(const char* call, const std::string& path) STRIA_REQUIRES(mutex_);
  Status Look(const char* call, const std::string& path) STRIA_REQUIRES(mutex_);
  bool Lies(Lie lie, const std::string& path) const STRIA_REQUIRES(mutex_);
  void ChangeNames(Directory& directory, NameChange change) STRIA_REQUIRES(mutex_);
  Result<InodePtr> Find(const char* call, const std::string& path) STRIA_REQUIRES(mutex_);
  Result<std::unique_ptr<File>> Open(const std::string& path);
  Status Write(Inode& inode, const std::string& path, uint64_t offset,
               std::span<const std::byte> bytes);
  Status SyncFile(Inode& inode, const std::string& path);
  uint64_t UsedBytes() STRIA_REQUIRES(mutex_);
  void LosePower(Inode& inode, Unsynced unsynced) STRIA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Directory> directories_ STRIA_GUARDED_BY(mutex_);
  std::map<std::string, int> locks_ STRIA_GUARDED_BY(mutex_);
  std::vector<std::pair<Lie, std::string>> lies_ STRIA_GUARDED_BY(mutex_);
  std::mt19937_64 random_ STRIA_GUARDED_BY(mutex_);
  uint64_t capacity_ STRIA_GUARDED_BY(mutex_) = 1ULL << 40;
  uint64_t num_counts_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t num_calls_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t fail_in_ STRIA_GUARDED_BY(mutex_) = 0;       // 0: never.
  uint64_t fail_read_in_ STRIA_GUARDED_BY(mutex_) = 0;  // 0: never.
  StatusCode fail_code_ STRIA_GUARDED_BY(mutex_) = StatusCode::kIoError;
  bool dies_ STRIA_GUARDED_BY(mutex_) = false;
  bool dead_ STRIA_GUARDED_BY(mutex_) = false;
  bool failed_ STRIA_GUARDED_BY(mutex_) = false;
  std::string failed_call_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
