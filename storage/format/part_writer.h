// Sorted rows in, one part out.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/format/part_footer.h"
#include "storage/format/part_meta.h"
#include "storage/types/schema.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

struct PartWriteOptions {
  TableSchemaPtr schema;  ///< names of the columns
  /// The canonical key of a series; the view lives until the part is written.
  std::function<std::string(SeriesId)> key_of;
  Lineage lineage;
  uint64_t seq_min = 0;
  uint64_t seq_max = 0;
  uint8_t level = 0;
  std::vector<std::byte> overlap;  ///< serialized Roaring bitmap of runs, may be empty
};

/// Appends a part with all of `rows` to `file`. Returns its meta data, with `file` empty and
/// `offset` where it begins in `file`.
///
/// Requires at least one row, and runs in the order of their keys. See part_layout.h for the bytes.
PartMeta WritePart(const SortedRows& rows, const PartWriteOptions& options,
                   std::vector<std::byte>& file);

}  // namespace stria::storage
