// Writes parts one after the other into a new file, and commits the file under its name.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/format/part_writer.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Nothing has the final name before Commit(); what a crash leaves is removed at the next start.
///
/// Thread safety: confined.
class PartFileWriter {
 public:
  /// The file will be `directory`/`name`.
  PartFileWriter(FileSystem& files, std::string directory, std::string name)
      : files_(files), directory_(std::move(directory)), name_(std::move(name)) {}
  ~PartFileWriter();
  PartFileWriter(const PartFileWriter&) = delete;
  PartFileWriter& operator=(const PartFileWriter&) = delete;

  /// Appends a part; its meta data names the file and the place in it.
  Result<PartMeta> Add(const SortedRows& rows, const PartWriteOptions& options);

  /// Begins a part that is written row group by row group with what is returned, which ends with
  /// EndPart() or AbandonPart(). One at a time.
  PartWriter& BeginPart(const PartWriteOptions& options, TableId table,
                        std::span<const PartColumn> columns);
  /// Writes out what the part has gathered, if that is much. Between row groups.
  Status WriteOutPart();
  Result<PartMeta> EndPart();
  /// Leaves a part unfinished: its bytes, if any are in the file, are dead ones between parts.
  void AbandonPart() { part_.reset(); }

  /// Bytes of all parts so far, also of those that are not written out yet.
  uint64_t bytes() const { return written_ + buffer_.size(); }

  /// Syncs the file, gives it its name and syncs the directory. Requires a part.
  Status Commit();

 private:
  Status WriteOut();
  std::string temporary() const { return directory_ + "/." + name_ + ".tmp"; }

  FileSystem& files_;
  std::string directory_;
  std::string name_;
  std::unique_ptr<File> file_;
  std::vector<std::byte> buffer_;  // Of the parts that are not written yet.
  uint64_t written_ = 0;
  std::optional<PartWriter> part_;  // Appends to buffer_.
  uint64_t part_offset_ = 0;
};

}  // namespace stria::storage
