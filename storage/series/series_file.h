// A file of series: the keys that were introduced since the file before, shard/<s>/series/<n>.
//
//   magic "STRIASER", version uint32 = 1, zero uint32
//   series:   varint count, each { table varint, id varint, key string }
//   checksum: XXH3-64 of everything before, seed 0

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

std::vector<std::byte> EncodeSeriesFile(std::span<const NewSeries> series);

/// Fails with kCorruption on anything that EncodeSeriesFile() would not write.
Result<std::vector<NewSeries>> DecodeSeriesFile(std::span<const std::byte> file);

}  // namespace stria::storage
