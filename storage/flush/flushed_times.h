// The greatest time that each series of a table has in parts, for the overlap sets of new ones.
//
// It lives in memory: 8 bytes for each series that was flushed since the start. What a series had
// before is not known then, but it is no later than the end of the table's last part, which the
// manifest knows. A series that is newer than that had nothing.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "storage/types/ids.h"

namespace stria::storage {

/// Thread safety: thread-compatible.
class FlushedTimes {
 public:
  bool started() const { return started_; }

  /// Called once, first: parts that are there, of series below `num_series`, end at `last_time`
  /// (any, when there is none).
  void Start(uint32_t num_series, bool has_parts, int64_t last_time) {
    started_ = true;
    num_unknown_ = has_parts ? num_series : 0;
    unknown_until_ = last_time;
  }

  /// Whether `series` may have a row in parts at or after `first_time`.
  bool Reaches(SeriesId series, int64_t first_time) const {
    const uint32_t id = series.value();
    if (id < num_unknown_ && first_time <= unknown_until_) return true;
    return id < until_.size() && first_time <= until_[id] && until_[id] != kNothing;
  }

  /// Rows of `series` up to `last_time` are in a part.
  void Note(SeriesId series, int64_t last_time) {
    const uint32_t id = series.value();
    if (id >= until_.size())
      until_.resize(std::max<size_t>(id + 1, until_.size() * 5 / 4), kNothing);
    // The least time there is stands for none: a run is listed for nothing, at worst.
    until_[id] = std::max({until_[id], last_time, kNothing + 1});
  }

 private:
  static constexpr int64_t kNothing = std::numeric_limits<int64_t>::min();

  bool started_ = false;
  uint32_t num_unknown_ = 0;
  int64_t unknown_until_ = kNothing;
  std::vector<int64_t> until_;  // By series id.
};

}  // namespace stria::storage
