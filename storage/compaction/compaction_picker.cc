#include "storage/compaction/compaction_picker.h"

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include "storage/types/time_range.h"

namespace stria::storage {
namespace {

constexpr uint64_t kOverlayPercent = 10;
constexpr uint64_t kWidePercent = 50;  // Of parts of several partitions.
// A flushed part with fewer rows is not worth a rewriting of its own: a vector.
constexpr uint64_t kMinSingleRows = 1024;
constexpr int kMaxLevel = 63;  // Of groups of 2^level partitions: all of them.

// What the merge of some parts would be.
struct Merged {
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = std::numeric_limits<int64_t>::min();
  uint64_t seq_min = std::numeric_limits<uint64_t>::max();
  uint64_t seq_max = 0;
  uint64_t num_rows = 0;
  uint64_t num_runs = 0;
  uint64_t largest = 0;

  void Add(const PartMeta& part) {
    first = std::min(first, part.min_time);
    last = std::max(last, part.max_time);
    seq_min = std::min(seq_min, part.seq_min);
    seq_max = std::max(seq_max, part.seq_max);
    num_rows += part.num_rows;
    num_runs += part.num_runs;
    largest = std::max(largest, part.num_rows);
  }
};

// What makes a window of neighbours worth merging.
struct Worth {
  size_t min_parts = 2;
  uint64_t min_percent = 0;
  uint64_t max_rows = 0;
  uint64_t settled_seq = std::numeric_limits<uint64_t>::max();  // No part has rows above.
};

class Picker {
 public:
  Picker(const std::vector<PartMeta>& parts, int64_t partition_ns, const CompactionPolicy& policy)
      : parts_(parts), policy_(policy), is_picked_(parts.size(), false) {
    for (const auto& part : parts) {
      first_.push_back(FloorTo(part.min_time, partition_ns) / partition_ns);
      last_.push_back(FloorTo(part.max_time, partition_ns) / partition_ns);
    }
  }

  std::vector<PartMeta> Pick(const std::function<bool(const PartMeta&)>& is_touched) {
    const Worth tier{.min_parts = policy_.min_parts,
                     .min_percent = policy_.min_percent,
                     .max_rows = policy_.max_rows};
    const Worth overlay{.min_parts = 2,
                        .min_percent = std::min(kOverlayPercent, policy_.min_percent),
                        .max_rows = policy_.max_rows};
    const Worth settled{.min_parts = 2,
                        .min_percent = 0,
                        .max_rows = policy_.max_wide_rows,
                        .settled_seq = policy_.settled_seq};
    for (int level = 0; level <= kMaxLevel; ++level) {
      auto groups = GroupsOf(level);
      // In higher ones there would be the same group, of all parts that are small enough.
      const bool is_last =
          level > 0 && groups.size() == 1 && groups.begin()->second.size() == NumSmall();
      for (const auto& [block, members] : groups) {
        auto of_tier = tier;
        if (level > 0) {
          of_tier.max_rows = policy_.max_wide_rows;
          // They seldom overlap, so that a scan hardly gains by it.
          if (of_tier.min_percent > 0)
            of_tier.min_percent = std::max(of_tier.min_percent, kWidePercent);
        }
        auto picked = FindWindow(members, of_tier);
        // Large parts are left as they are where small ones can be merged.
        if (picked.empty() && level == 0 && members.size() > policy_.max_overlays)
          picked = FindWindow(members, overlay);
        if (picked.empty() && policy_.settled_seq > 0) picked = FindWindow(members, settled);
        if (!picked.empty()) return picked;
      }
      if (is_last) break;
    }
    if (!policy_.takes_single) return {};
    for (const auto& part : parts_) {
      if (is_touched != nullptr && is_touched(part)) return {part};
    }
    for (const auto& part : parts_) {
      if (part.level == 0 && part.num_rows >= kMinSingleRows) return {part};
    }
    return {};
  }

 private:
  using Members = std::vector<size_t>;  // Positions in parts_.

  size_t NumSmall() const {
    return static_cast<size_t>(std::ranges::count_if(
        parts_, [&](const PartMeta& part) { return part.num_rows < policy_.max_wide_rows; }));
  }

  // The parts that lie in each aligned group of 2^level partitions. Above level 0 only those that
  // are small enough to be merged there.
  std::map<int64_t, Members> GroupsOf(int level) const {
    std::map<int64_t, Members> groups;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const int64_t first = level == kMaxLevel ? 0 : first_[i] >> level;
      const int64_t last = level == kMaxLevel ? 0 : last_[i] >> level;
      if (first != last || (level > 0 && parts_[i].num_rows >= policy_.max_wide_rows)) continue;
      groups[first].push_back(i);
    }
    return groups;
  }

  // Of the windows of neighbours among `members` that are worth it, the first, and of those that
  // begin with it the longest.
  std::vector<PartMeta> FindWindow(const Members& members, const Worth& worth) {
    for (size_t begin = 0; begin + worth.min_parts <= members.size(); ++begin) {
      Merged merged;
      std::vector<Merged> good;
      std::vector<size_t> good_ends;
      for (size_t i = begin; i < members.size() && i - begin < policy_.max_parts; ++i) {
        const PartMeta& part = parts_[members[i]];
        merged.Add(part);
        if (part.seq_max > worth.settled_seq || merged.num_rows > worth.max_rows ||
            merged.num_runs > policy_.max_runs) {
          break;
        }
        if (i + 1 - begin < std::max<size_t>(worth.min_parts, 2)) continue;
        if ((merged.num_rows - merged.largest) * 100 < merged.largest * worth.min_percent) continue;
        good.push_back(merged);
        good_ends.push_back(i + 1);
      }
      for (size_t i = good.size(); i > 0; --i) {
        const auto window = std::span(members).subspan(begin, good_ends[i - 1] - begin);
        if (!KeepsOrder(window, good[i - 1])) continue;
        std::vector<PartMeta> picked;
        for (const size_t member : window)
          picked.push_back(parts_[member]);
        return picked;
      }
    }
    return {};
  }

  // Whether merging them keeps the order of later writes: see the header.
  bool KeepsOrder(std::span<const size_t> window, const Merged& merged) {
    for (const size_t member : window)
      is_picked_[member] = true;
    bool keeps = true;
    for (size_t i = 0; i < parts_.size() && keeps; ++i) {
      const PartMeta& part = parts_[i];
      const bool apart_in_time = part.max_time < merged.first || part.min_time > merged.last;
      keeps = is_picked_[i] || apart_in_time || part.seq_max < merged.seq_min ||
              part.seq_min > merged.seq_max;
    }
    for (const size_t member : window)
      is_picked_[member] = false;
    return keeps;
  }

  const std::vector<PartMeta>& parts_;
  const CompactionPolicy& policy_;
  std::vector<bool> is_picked_;        // For KeepsOrder().
  std::vector<int64_t> first_, last_;  // Partitions of each part.
};

}  // namespace

std::vector<PartMeta> PickCompaction(const std::vector<PartMeta>& parts, int64_t partition_ns,
                                     const CompactionPolicy& policy,
                                     const std::function<bool(const PartMeta&)>& is_touched) {
  return Picker(parts, partition_ns, policy).Pick(is_touched);
}

bool HasOlderReach(const std::vector<PartMeta>& parts, const std::vector<PartMeta>& picked) {
  Merged merged;
  for (const auto& part : picked)
    merged.Add(part);
  return std::ranges::any_of(parts, [&](const PartMeta& part) {
    return part.max_time >= merged.first && part.seq_min <= merged.seq_max &&
           std::ranges::find(picked, part) == picked.end();
  });
}

}  // namespace stria::storage
