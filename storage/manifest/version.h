// The set of parts of one shard at one moment, and the atomic changes to it.
//
// A version is immutable and shared by everyone who reads it; a change makes the next one. Parts of
// a table stand in the order of their sequence numbers, which is the order in which later writes
// win.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/base/status.h"
#include "storage/format/part_meta.h"
#include "storage/types/ids.h"
#include "storage/types/tombstone.h"

namespace stria::storage {

/// What a start decided before it served: see STORAGE.md, section 7.
struct EpochStart {
  uint64_t epoch = 0;               ///< of the segments written from now on
  uint64_t owner = 0;               ///< random, of the process
  uint64_t accepted_seq = 0;        ///< greatest that counts of all epochs before
  std::vector<uint64_t> void_seqs;  ///< of batches that are not whole; above accepted_seq ignored
};

/// The parts and the flush state of one table.
struct TableParts {
  std::vector<PartMeta> parts;        ///< ascending by seq_min
  uint64_t flushed_seq = 0;           ///< rows of records up to it are in parts
  std::vector<Tombstone> tombstones;  ///< ascending by seq
};

/// One atomic change.
struct VersionEdit {
  std::optional<EpochStart> start;
  std::optional<uint64_t> wal_low;  ///< every record below is in parts, of every table
  std::vector<std::pair<TableId, uint64_t>> flushed_seqs;
  std::vector<PartMeta> added;
  std::vector<std::pair<std::string, uint64_t>> removed;  ///< file and offset
  std::vector<std::string> series_files;  ///< added, in the order in which they apply
  bool replaces_series_files = false;     ///< the ones before are obsolete
  std::vector<std::pair<uint64_t, uint64_t>> accepted_seqs;  ///< snapshots only: epoch, seq
  std::vector<Tombstone> tombstones;  ///< added; each has a number that the version has not
  std::vector<uint64_t> removed_tombstones;
  std::vector<TableId> dropped_tables;  ///< all of their parts and tombstones go, if there are any
};

/// Thread safety: immutable once shared.
struct Version {
  uint64_t number = 0;  ///< of the log record that made it
  uint64_t epoch = 0;
  uint64_t wal_low = 1;
  std::map<uint64_t, uint64_t> accepted_seqs;  ///< of earlier epochs, the last 64
  std::set<uint64_t> void_seqs;                ///< those at or above wal_low
  std::vector<std::string> series_files;
  std::unordered_map<TableId, std::shared_ptr<const TableParts>> tables;

  /// The table's parts; an empty set for a table without any.
  const TableParts& PartsOf(TableId table) const;

  /// Numbers of the tombstones that nothing needs any more: neither the log nor a part has rows
  /// that they would delete and that are not deleted yet.
  std::vector<uint64_t> ObsoleteTombstones() const;

  /// The next version. Fails with kCorruption when `edit` removes a part or a tombstone that is not
  /// there, or adds a tombstone whose number is taken.
  Result<std::shared_ptr<Version>> Apply(const VersionEdit& edit) const;

  /// All of this version as one edit to an empty one.
  VersionEdit AsEdit() const;
};

/// The payload of a manifest record; docs/format/manifest.md has the bytes.
void EncodeVersionEdit(const VersionEdit& edit, std::vector<std::byte>& encoded);
Result<VersionEdit> DecodeVersionEdit(std::span<const std::byte> encoded);

}  // namespace stria::storage
