// Reads a part: the footer once, then only the blocks asked for.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/format/part_footer.h"
#include "storage/format/part_meta.h"
#include "storage/format/run_source.h"
#include "storage/format/series_subset.h"
#include "storage/format/zone_map.h"
#include "storage/io/block_cache.h"
#include "storage/io/file_system.h"
#include "storage/types/time_range.h"

namespace stria::storage {

/// Which runs of a part are wanted.
struct RunFilter {
  TimeRange time;
  const SeriesSubset* series = nullptr;  ///< null: all series
  /// The keys of the wanted series, ascending: row groups where they are not are passed over
  /// without a look at their runs. Null: not known.
  const std::vector<std::string>* keys = nullptr;
  /// Grows by the length of each block of values, times or zone maps that the source uses, be it in
  /// the cache or not. May be null; outlives the source.
  std::atomic<uint64_t>* bytes_read = nullptr;
};

/// A run as the directory keeps it; does not cross a row group's end.
struct DirectoryRun {
  SeriesId series;
  uint32_t num_rows = 0;
  int64_t first_time = 0;
  int64_t last_time = 0;
  int64_t step = 0;  ///< 0: its times are in a block of times
  uint32_t times_bytes = 0;
};

/// Thread safety: thread-safe. The sources it opens are confined and must not outlive it.
class PartReader {
 public:
  /// Opens the part that `meta` names in `file`. Fails with kCorruption when header, trailer or
  /// footer is damaged or disagrees with `meta`.
  static Result<std::shared_ptr<PartReader>> Open(std::shared_ptr<File> file, const PartMeta& meta,
                                                  BlockCache* cache);

  /// Calls `on_damage` whenever a block is damaged. Before the reader is shared.
  void set_on_damage(std::function<void(const Status&)> on_damage) {
    on_damage_ = std::move(on_damage);
  }

  const PartFooter& footer() const { return footer_; }
  size_t num_row_groups() const { return footer_.row_groups.size(); }

  /// Opens a row group with those of its runs that `filter` wants; nullptr when there is none.
  Result<std::unique_ptr<RunSource>> OpenRowGroup(size_t index, const RunFilter& filter);

  /// Whether a run may overlap older parts, or that is not known: see overlap_set.h.
  bool may_overlap() const { return !overlap_known_ || !listed_.empty(); }

  /// The runs of a row group, in order.
  Result<std::vector<DirectoryRun>> ReadRuns(size_t index);

  /// Drops the pages of the directory that are kept; they are read again when they are needed.
  void ForgetDirectory();

  /// The keys of the runs of directory page `page`, for a part of another lineage.
  Result<std::vector<std::string>> ReadKeys(size_t page) const;

  /// Reads a block and checks it. The payload, without its checksum, is the front of what comes
  /// back.
  Result<CachedBlock> ReadBlock(const BlockRef& ref) const;

 private:
  struct DirectoryPage;
  class RowGroupSource;

  PartReader(std::shared_ptr<File> file, const PartMeta& meta, BlockCache* cache);
  Status ReadFooter();
  Result<std::vector<std::byte>> ReadBlockFromFile(const BlockRef& ref) const;
  Result<std::shared_ptr<const DirectoryPage>> ReadDirectory(size_t page);
  bool MayHaveOneOf(const std::vector<std::string>& keys, const RowGroupRef& group) const;

  std::shared_ptr<File> file_;
  PartMeta meta_;
  BlockCache* cache_;
  uint64_t cache_id_;
  std::function<void(const Status&)> on_damage_;  // May be empty.
  PartFooter footer_;
  bool overlap_known_ = false;
  std::vector<uint8_t> listed_;  // By run, 1 = may overlap older parts; empty: none may.
  Mutex mutex_;
  // Decoded once and kept, unless they are many: a scan needs them each time.
  std::vector<std::shared_ptr<const DirectoryPage>> directory_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
