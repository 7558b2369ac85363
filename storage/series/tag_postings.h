// Which series have which value of a tag: made when a predicate first asks, for the series of that
// moment.
//
// A segment of the column whose codes count up needs nothing: the place of a code in it is known.
// The other series are kept by value, as a roaring bitmap for each value where values have many
// series each, else as ids sorted by code: at most about 6 bytes a series, or 4 and 8 a value.

#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <vector>

#include <roaring/roaring.hh>

#include "storage/series/key_columns.h"

namespace stria::storage {

/// Thread safety: immutable.
class TagPostings {
 public:
  /// Of the series [0, num_series). Holds `mutex` shared, which guards the tag, and lets go of it
  /// again and again.
  static std::shared_ptr<const TagPostings> Make(const KeyColumns::Tag& tag, uint32_t num_series,
                                                 std::shared_mutex& mutex);

  uint32_t num_series() const { return num_series_; }

  /// Adds the series with `code`, which may be too new for there to be any.
  void AddSeries(uint32_t code, Roaring& series) const;

  uint64_t bytes() const;

 private:
  // Codes [first_code, first_code + num) are those of series [first_id, first_id + num).
  struct Counting {
    uint32_t first_code, first_id, num;
  };

  void MakeLists(std::vector<uint64_t> pairs);

  uint32_t num_series_ = 0;
  std::vector<Counting> counting_;  // Ascending by first_code, and by first_id.
  std::vector<Roaring> bitmaps_;    // By code; none where values have few series.
  std::vector<uint32_t> codes_;     // Ascending; the codes of ids_.
  std::vector<uint32_t> begins_;    // Where each of codes_ begins in ids_, and the end.
  std::vector<uint32_t> ids_;
};

}  // namespace stria::storage
