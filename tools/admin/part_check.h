// Reads every byte of a part and compares all that can be known in two ways.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/format/part_reader.h"

namespace stria::admin {

/// What a part says of one of its series, to be compared with other parts.
struct CheckedRun {
  SeriesId series;
  int64_t first_time = 0;
  int64_t last_time = 0;
  bool may_overlap = true;  ///< false: the overlap set says that it begins after all older rows
};

struct PartCheck {
  /// Sentences, each naming the place in the part; empty: all is well. At most 100.
  std::vector<std::string> problems;
  std::vector<CheckedRun> runs;  ///< of the row groups that could be read
  uint64_t num_blocks = 0;
};

/// The key that the shard's series files and log give to an id; nullopt for one that they do not
/// know.
using KeyOfSeries = std::function<std::optional<std::string>(SeriesId)>;

/// Reads all blocks of `part`; checks checksums, the order of keys and of times, that directory,
/// row groups and footer agree, that ids mean what `key_of` says (null: not compared), and that no
/// zone map leaves out a value that is there.
PartCheck CheckPart(storage::PartReader& part, const storage::PartMeta& meta,
                    const KeyOfSeries& key_of);

}  // namespace stria::admin
