#include "storage/series/tag_postings.h"

#include <algorithm>

namespace stria::storage {
namespace {

// A bitmap has about so many bytes for each 65,536 ids that it reaches into.
constexpr uint64_t kContainerBytes = 24;

}  // namespace

std::shared_ptr<const TagPostings> TagPostings::Make(const KeyColumns::Tag& tag,
                                                     uint32_t num_series,
                                                     std::shared_mutex& mutex) {
  auto postings = std::make_shared<TagPostings>();
  postings->num_series_ = num_series;
  const uint64_t num_containers = num_series / CodeColumn::kSegmentRows + 1;
  std::vector<uint64_t> pairs;  // Code, id.
  std::vector<uint32_t> codes(CodeColumn::kSegmentRows);
  for (uint32_t begin = 0; begin < num_series; begin += CodeColumn::kSegmentRows) {
    const uint32_t end = std::min(num_series, begin + CodeColumn::kSegmentRows);
    const std::shared_lock lock(mutex);
    if (begin >= tag.codes.size()) break;
    if (begin == 0 && tag.values.size() * num_containers * kContainerBytes <=
                          uint64_t{num_series} * sizeof(uint32_t)) {
      postings->bitmaps_.resize(tag.values.size());
    }
    auto& counting = postings->counting_;
    // Two segments that count may have codes in common, when values of the first are met again.
    if (tag.codes.IsCounting(begin) &&
        (counting.empty() ||
         tag.codes[begin] >= counting.back().first_code + counting.back().num)) {
      const uint32_t num = std::min(end, tag.codes.size()) - begin;
      counting.push_back({tag.codes[begin], begin, num});
      continue;
    }
    tag.codes.Read(begin, end, codes.data());
    for (uint32_t i = 0; i < end - begin; ++i) {
      if (codes[i] == CodeColumn::kNone) continue;
      if (codes[i] < postings->bitmaps_.size()) {
        postings->bitmaps_[codes[i]].add(begin + i);
      } else {
        pairs.push_back(uint64_t{codes[i]} << 32 | (begin + i));
      }
    }
  }
  for (Roaring& bitmap : postings->bitmaps_) {
    bitmap.runOptimize();
    bitmap.shrinkToFit();
  }
  postings->MakeLists(std::move(pairs));
  return postings;
}

void TagPostings::MakeLists(std::vector<uint64_t> pairs) {
  std::ranges::sort(pairs);
  ids_.reserve(pairs.size());
  for (const uint64_t pair : pairs) {
    const auto code = static_cast<uint32_t>(pair >> 32);
    if (codes_.empty() || codes_.back() != code) {
      codes_.push_back(code);
      begins_.push_back(static_cast<uint32_t>(ids_.size()));
    }
    ids_.push_back(static_cast<uint32_t>(pair));
  }
  begins_.push_back(static_cast<uint32_t>(ids_.size()));
  codes_.shrink_to_fit();
  begins_.shrink_to_fit();
}

void TagPostings::AddSeries(uint32_t code, Roaring& series) const {
  const auto after = std::ranges::upper_bound(counting_, code, {}, &Counting::first_code);
  if (after != counting_.begin()) {
    const Counting& counting = *std::prev(after);
    const uint32_t i = code - counting.first_code;
    if (i < counting.num) series.add(counting.first_id + i);
  }
  if (code < bitmaps_.size()) series |= bitmaps_[code];
  const auto found = std::ranges::lower_bound(codes_, code);
  if (found == codes_.end() || *found != code) return;
  const auto i = static_cast<size_t>(found - codes_.begin());
  series.addMany(begins_[i + 1] - begins_[i], ids_.data() + begins_[i]);
}

uint64_t TagPostings::bytes() const {
  uint64_t bytes = counting_.capacity() * sizeof(Counting) + bitmaps_.capacity() * sizeof(Roaring) +
                   (codes_.capacity() + begins_.capacity() + ids_.capacity()) * sizeof(uint32_t);
  for (const Roaring& bitmap : bitmaps_)
    bytes += bitmap.getSizeInBytes();
  return bytes;
}

}  // namespace stria::storage
