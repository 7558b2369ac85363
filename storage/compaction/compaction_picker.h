// Which parts to merge: a pure function of the parts of a table.
//
// Parts of one partition are merged when there are enough of them, so that every row is rewritten a
// bounded number of times: with a fan-in of kMinParts or more, a row of a partition that reaches
// kMaxRows is rewritten at most log(kMaxRows / rows of a flush) / log(kMinParts) times.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/format/part_meta.h"

namespace stria::storage {

struct CompactionPolicy {
  size_t min_parts = 4;           ///< fewer are left alone
  size_t max_parts = 64;          ///< at once
  uint64_t max_rows = 2'000'000;  ///< of the result: what fits in memory while it is made
  /// The parts but the largest must have together this share of its rows, or be eight, so that a
  /// trickle of rows does not rewrite a large part each time. Small parts are always merged.
  uint64_t min_overlay_percent = 0;
};

/// The parts to merge next, a run of the parts of one partition in the order of their sequence
/// numbers; empty when there is nothing to do. `parts` stand in that order.
///
/// Whatever overlaps them in time and is not among them is older or newer than all of them, so that
/// the order in which later writes win stays what it was.
std::vector<PartMeta> PickCompaction(const std::vector<PartMeta>& parts, int64_t partition_ns,
                                     const CompactionPolicy& policy);

}  // namespace stria::storage
