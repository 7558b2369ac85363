// Runs one compaction: several parts in, one out, later writes applied.
//
// The job only makes a new file. What the parts of a table are is decided by the manifest commit
// that the engine makes afterwards, so the job may be killed anywhere.

#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/flush/part_file_writer.h"
#include "storage/format/part_reader.h"
#include "storage/types/schema.h"

namespace stria::storage {

struct CompactionInput {
  std::vector<std::shared_ptr<PartReader>> parts;  ///< in the order of their sequence numbers
  TableSchemaPtr schema;
  std::function<std::string(SeriesId)> key_of;
  std::shared_ptr<const std::vector<uint32_t>> ranks;
};

/// Merges the parts into one and adds it to `writer`.
Result<PartMeta> CompactParts(const CompactionInput& input, Lineage lineage,
                              PartFileWriter& writer);

}  // namespace stria::storage
