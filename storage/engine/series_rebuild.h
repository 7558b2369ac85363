// The keys of series whose file is damaged, from everything else that has them: the other series
// files, the parts, of which each has the key and the id of every run, and the log.
//
// A series that none of them has is in no row that could still be read, but for rows of the log
// that come after the record with its key; its id is then taken by a key of no row, see
// lost_series.h.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/engine/lost_series.h"
#include "storage/format/part_reader.h"
#include "storage/series/series_index.h"
#include "storage/types/ids.h"

namespace stria::storage {

/// Thread safety: confined to the start of a shard.
class SeriesRebuild {
 public:
  /// Notes a key. Fails with kCorruption if the id has another.
  Status Add(TableId table, SeriesId id, std::string_view key);

  /// Notes an id that rows have, so that it is never given to another key.
  void AddId(TableId table, SeriesId id);

  /// Notes those of a series file. Fails with kCorruption if it is damaged as well.
  Status AddFile(std::span<const std::byte> file);

  /// Notes those of a part. Fails with kCorruption if it is damaged, or if its ids are of another
  /// lineage than `lineage`.
  Status AddPart(PartReader& part, TableId table, Lineage lineage);

  /// Adds to the indexes that `index_of` gives what they lack. Fails with kCorruption when they
  /// have an id or a key otherwise.
  Status Restore(const std::function<TableSeriesIndex&(TableId)>& index_of, LostSeries& lost) const;

 private:
  struct Place {
    uint64_t begin = 0;
    uint64_t end = 0;  // 0: not known; a key has at least the byte before it.
  };
  struct Keys {
    std::string text = std::string(1, '\0');
    std::vector<Place> places;  // By id.
  };

  std::map<TableId, Keys> tables_;
};

}  // namespace stria::storage
