// A directory of immutable, numbered records: the only commit primitive of the engine.
//
// A commit is create-if-absent of the next number: a crash leaves the old state or the new one, and
// of two writers one loses. A record is a whole snapshot of the state or an edit to it; the state
// is the newest snapshot and the edits after it. The two newest snapshots and what follows them are
// kept.
//
// File `<n>`, 20 decimal digits, from 1:
//
//   magic:    8 bytes "STRIALOG"
//   version:  uint32, 1
//   kind:     uint32, 1 = snapshot, 2 = edit
//   number:   uint64, equal to the name
//   length:   uint64 of the payload
//   checksum: uint64, XXH3-64 of the payload, seeded with the XXH3-64 of the 32 bytes before
//   payload
//
// A reader rejects every deviation, and a gap in the numbers after the snapshot.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Thread safety: confined (one writer).
class NumberedLog {
 public:
  enum class Kind : uint32_t { kSnapshot = 1, kEdit = 2 };
  using Apply = std::function<Status(Kind, std::span<const std::byte> payload)>;

  NumberedLog(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  /// Creates the directory where needed and calls `apply` with the newest snapshot and then the
  /// edits after it; with nothing for an empty log. Fails with kCorruption on damage or a gap.
  Status Open(const Apply& apply);

  /// Commits an edit as the next number. Fails with kAlreadyExists when somebody else took it, and
  /// with kDiskFull when nothing was done; after kIoError the record may be there at the next
  /// start, and the next append then fails with kAlreadyExists.
  Status AppendEdit(std::span<const std::byte> payload);

  /// Whether the edits since the last snapshot outweigh it, or are 63.
  bool WantsSnapshot() const;

  /// Commits a snapshot as the next number, and removes what is older than the one before.
  Status AppendSnapshot(std::span<const std::byte> payload);

  /// One record, whatever the others are. Fails with kCorruption unless `file` is whole and holds
  /// `number`.
  struct Record {
    Kind kind = Kind::kEdit;
    uint64_t number = 0;
    std::vector<std::byte> payload;
  };
  static Result<Record> ReadRecord(FileSystem& files, const std::string& path, uint64_t number);

  /// The number in the name of a record; nullopt for any other name.
  static std::optional<uint64_t> ParseName(const std::string& name);

  /// The number of the last record, 0 for none.
  uint64_t last_number() const { return last_number_; }
  const std::string& directory() const { return directory_; }

 private:
  Status Append(Kind kind, std::span<const std::byte> payload);
  void RemoveOld();
  std::string PathOf(uint64_t number) const;

  FileSystem& files_;
  std::string directory_;
  uint64_t last_number_ = 0;
  uint64_t snapshot_number_ = 0;
  uint64_t previous_snapshot_number_ = 0;
  uint64_t oldest_number_ = 1;  // Everything below is removed.
  uint64_t snapshot_bytes_ = 0;
  uint64_t edit_bytes_ = 0;  // Since the last snapshot.
};

}  // namespace stria::storage
