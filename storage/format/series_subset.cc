#include "storage/format/series_subset.h"

#include <bit>

namespace stria::storage {
namespace {

// A slot has 8 bytes and two of them belong to a series, an array has 4 bytes for each series of
// the index: at a quarter they are even, and the array is faster.
constexpr uint64_t kArrayShare = 4;

}  // namespace

SeriesSubset::SeriesSubset(std::span<const SeriesId> ids, uint32_t num_series)
    : size_(static_cast<uint32_t>(ids.size())) {
  if (ids.size() == num_series) return;
  if (ids.size() * kArrayShare >= num_series) {
    form_ = Form::kArray;
    positions_.assign(num_series, kNone);
    for (uint32_t i = 0; i < size_; ++i)
      positions_[ids[i].value()] = i;
    return;
  }
  form_ = Form::kHash;
  if (ids.empty()) {
    least_ = 1;  // Nothing lies in [1, 0].
    return;
  }
  least_ = ids.front().value();
  greatest_ = ids.back().value();
  slots_.assign(std::bit_ceil(2 * ids.size()), {0, kNone});
  shift_ = 64 - static_cast<unsigned>(std::bit_width(slots_.size() - 1));
  for (uint32_t i = 0; i < size_; ++i) {
    size_t at = SlotOf(ids[i].value());
    while (slots_[at].second != kNone)
      at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {ids[i].value(), i};
  }
}

}  // namespace stria::storage
