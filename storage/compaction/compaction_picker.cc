#include "storage/compaction/compaction_picker.h"

#include <algorithm>
#include <map>

#include "storage/types/time_range.h"

namespace stria::storage {
namespace {

// Whether merging `picked` keeps the order of later writes: see the header.
bool KeepsOrder(const std::vector<PartMeta>& parts, const std::vector<PartMeta>& picked) {
  int64_t first = picked[0].min_time, last = picked[0].max_time;
  uint64_t seq_min = picked[0].seq_min, seq_max = picked[0].seq_max;
  for (const auto& part : picked) {
    first = std::min(first, part.min_time);
    last = std::max(last, part.max_time);
    seq_min = std::min(seq_min, part.seq_min);
    seq_max = std::max(seq_max, part.seq_max);
  }
  return std::ranges::all_of(parts, [&](const PartMeta& part) {
    if (std::ranges::find(picked, part) != picked.end()) return true;
    const bool apart_in_time = part.max_time < first || part.min_time > last;
    return apart_in_time || part.seq_max < seq_min || part.seq_min > seq_max;
  });
}

// Whether the rewriting of the largest of `picked` is paid for by the others.
bool IsWorthIt(const std::vector<PartMeta>& picked, uint64_t min_overlay_percent) {
  constexpr uint64_t kSmallRows = 64 * 1024;  // A guess: some ten milliseconds of work.
  constexpr size_t kMaxOverlays = 8;
  uint64_t num_rows = 0, largest = 0;
  for (const auto& part : picked) {
    num_rows += part.num_rows;
    largest = std::max(largest, part.num_rows);
  }
  return largest <= kSmallRows || picked.size() > kMaxOverlays ||
         (num_rows - largest) * 100 >= largest * min_overlay_percent;
}

}  // namespace

std::vector<PartMeta> PickCompaction(const std::vector<PartMeta>& parts, int64_t partition_ns,
                                     const CompactionPolicy& policy) {
  std::map<int64_t, std::vector<PartMeta>> partitions;
  for (const auto& part : parts) {
    partitions[FloorTo(part.min_time, partition_ns)].push_back(part);
  }
  for (const auto& [partition, members] : partitions) {
    // Every window of neighbours that is not too large; the longest first.
    for (size_t begin = 0; begin < members.size(); ++begin) {
      std::vector<PartMeta> picked;
      uint64_t num_rows = 0;
      for (size_t i = begin; i < members.size() && picked.size() < policy.max_parts; ++i) {
        if (num_rows + members[i].num_rows > policy.max_rows) break;
        num_rows += members[i].num_rows;
        picked.push_back(members[i]);
      }
      while (picked.size() >= std::max<size_t>(2, policy.min_parts)) {
        if (KeepsOrder(parts, picked) && IsWorthIt(picked, policy.min_overlay_percent)) {
          return picked;
        }
        picked.pop_back();
      }
    }
  }
  return {};
}

}  // namespace stria::storage
