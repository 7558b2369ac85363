// The series files of a shard: which series they hold, and when they are written anew.
//
// The first file is the base. What a flush adds follows it; when that is more than the base has, a
// snapshot of all replaces every file, and when it is in many files, one file replaces those behind
// the base. So a series is written a few times in all, and a start reads few files.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/io/file_system.h"
#include "storage/manifest/version.h"
#include "storage/series/series_file.h"

namespace stria::storage {

/// Thread safety: confined to the start, then to flushes, of which one is under way.
class SeriesFiles {
 public:
  /// The index of a table; null when it was dropped.
  using IndexOf = std::function<std::shared_ptr<TableSeriesIndex>(TableId)>;

  SeriesFiles(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  /// What Load() found: the first `num_loaded` files are in the indexes; the next one, if there is
  /// one, cannot be used for the reason `damage`.
  struct Loaded {
    size_t num_loaded = 0;
    Status damage;
  };

  /// Reads the files into the indexes of their tables, up to the first that is damaged, gone or at
  /// odds with those before it. Fails with kIoError.
  Result<Loaded> Load(const std::vector<std::string>& names,
                      const std::function<TableSeriesIndex&(TableId)>& index_of);

  /// The files cannot be used: the next Write() makes a snapshot of the series below `ends`, which
  /// replaces all of them.
  void ReplaceAll(std::map<TableId, uint32_t> ends);
  /// Whether that has not happened yet.
  bool must_replace() const { return must_replace_; }

  /// Writes a file with the series of `added` or, when it is time, with more, under `name`, and
  /// adds to `edit` what that changes. Series of tables that were dropped are left out.
  Status Write(std::span<const SeriesRange> added, std::string name, const IndexOf& index_of,
               VersionEdit& edit);
  /// The edit was committed: removes the files that it replaced.
  void Committed();
  /// It was not: removes the file that was written for it.
  void Abandon();

 private:
  Status Write(std::span<const SeriesRange> added, std::string name, const IndexOf& index_of,
               VersionEdit& edit, bool may_rewrite);
  Status WriteFile(const std::string& name, std::span<const SeriesRange> ranges,
                   const IndexOf& index_of);
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  FileSystem& files_;
  const std::string directory_;
  std::vector<std::string> names_;                // Of the current version.
  std::map<TableId, uint32_t> base_ends_, ends_;  // First id that the base, and all, lack.
  bool must_replace_ = false;

  // Of the file that waits for its commit.
  struct Written {
    std::string name;
    std::vector<std::string> names;
    std::map<TableId, uint32_t> base_ends, ends;
  };
  std::optional<Written> written_;
};

}  // namespace stria::storage
