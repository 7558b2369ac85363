// Memtables in, one file of parts out.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/flush/flushed_times.h"
#include "storage/flush/part_file_writer.h"
#include "storage/memtable/memtable.h"
#include "storage/merge/apply_tombstones.h"
#include "storage/types/schema.h"

namespace stria::storage {

/// A memtable that is written no more, and what is needed to write its rows.
struct FlushInput {
  std::shared_ptr<const Memtable> memtable;
  TableSchemaPtr schema;
  std::function<std::string(SeriesId)> key_of;
  std::shared_ptr<const std::vector<uint32_t>> ranks;  ///< of every series in the memtable
  /// What is deleted, as of no earlier than the memtable's last row; null: nothing.
  std::shared_ptr<const TombstoneList> tombstones;
  /// Of the table's parts before this; grows by what is flushed. Outlives the flush.
  FlushedTimes* flushed = nullptr;
};

/// Adds the parts of `input` to `writer`: its rows sorted, split at partition borders where both
/// sides have rows enough to be worth a part. Rows that are deleted are left out; so there may be
/// no part at all.
///
/// Besides the memtable there are in memory 16 bytes a row for its order, 8 for the one column that
/// is being encoded, and the encoded part.
Result<std::vector<PartMeta>> FlushMemtable(const FlushInput& input, Lineage lineage,
                                            PartFileWriter& writer);

}  // namespace stria::storage
