// Which parts to merge: a pure function of the parts of a table in one shard.
//
// Parts that lie in one partition are merged as soon as there are enough of them and the rewriting
// of the largest is paid for by the others; parts that are small also over the borders of aligned
// groups of 2, 4, 8 ... partitions. So an overlay of late rows, whatever partition it lies in, is
// merged with other overlays first, and into the large part below it when it has a tenth of its
// rows.
//
// Write amplification. When parts of together R rows are merged and the largest of them has L, the
// rule is R - L >= L / 10 (L / 2 over the borders of partitions). Charge R to the R - L rows of the
// others: each pays c = R / (R - L) <= 11, and is then in a part at least c and at least twice as
// large as its own was. A row that begins in a part of r rows and ends in one of at most N = 16 M
// rows so pays at most
//
//   max(11 / log2(11), 2 / log2(2)) * log2(N / r) = 3.2 * log2(N / r)
//
// rows: 26 for flushes of 64 Ki rows, whatever the order of times. When times arrive in order and
// the table stays busy, four equal parts are merged at a time, and it is log4(N / r) = 4. To that
// come at most one rewriting of a part that no other joins, from the encodings of a flush to the
// dense ones; one for each DELETE of the parts that it hits; one a day of parts below 1 M rows that
// have rested so long and have overlays; and one of what is alive in a file for as many dead bytes.
//
// Read amplification: among the parts of a partition that are left, in an idle table, each run of
// neighbours has one with more than ten times the rows of all others, so that there are at most
// 2 * log11(N) = 14 of them, and seldom three.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "storage/format/part_meta.h"

namespace stria::storage {

struct CompactionPolicy {
  size_t min_parts = 4;   ///< fewer are left alone
  size_t max_parts = 64;  ///< at once
  /// Of the result. What is larger is not merged any more.
  uint64_t max_rows = 16'000'000;
  uint64_t max_runs = 4'000'000;     ///< the directory is kept in memory while a part is made
  uint64_t max_wide_rows = 1 << 20;  ///< of a result that covers several partitions
  /// The parts but the largest must have together this share of its rows.
  uint64_t min_percent = 100;
  /// With more parts than this in a partition, each scan pays for them: two parts and a tenth of
  /// the rows are enough then.
  size_t max_overlays = 8;
  /// Parts whose rows have all rested for a day: two are enough, of any size, if the result is
  /// small (max_wide_rows).
  uint64_t settled_seq = 0;
  /// Also single parts: those that were flushed and that no other joins, and those that are
  /// touched.
  bool takes_single = false;
};

/// The parts to merge next, in the order of their sequence numbers; empty when there is nothing to
/// do. `parts` stand in that order. `is_touched` tells which of them must be written again for
/// their own sake, because rows or columns of them are deleted or most of their file is; empty:
/// none.
///
/// Whatever overlaps them in time and is not among them is older or newer than all of them, so that
/// the order in which later writes win stays what it was.
std::vector<PartMeta> PickCompaction(const std::vector<PartMeta>& parts, int64_t partition_ns,
                                     const CompactionPolicy& policy,
                                     const std::function<bool(const PartMeta&)>& is_touched = {});

/// Whether a part that is not among `picked` and is not newer ends at or after their first time.
bool HasOlderReach(const std::vector<PartMeta>& parts, const std::vector<PartMeta>& picked);

}  // namespace stria::storage
