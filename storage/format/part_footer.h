// The footer of a part: where its blocks are and what they hold.
//
//   lineage:    2 x uint64, the shard that gave the series ids
//   table:      uint32 id; database and table name: string
//   level:      uint8; seq_min, seq_max, deletes_seq: uint64; num_rows, num_runs: varint
//   columns:    varint count, each { id uint32, type uint8, name string }
//   directory:  varint count, each { runs block, keys block: { offset varint, length varint },
//               num_runs varint, first key: string, min_time, max_time: int64 }
//   row groups: varint count, each {
//                 num_rows varint, first_run varint, num_runs varint, min_time, max_time int64,
//                 times:   varint count, each { offset, length, first_run: varint }, the run
//                          counted from the group's first
//                 columns: for each column of the part { num_pages varint, each
//                          { offset, length: varint }; then, if num_pages > 0, those of the
//                          zone maps } }
//   overlap:    varint length, Roaring bitmap (portable form) of the runs that may overlap older
//               parts; empty: not known, any run may

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/data_type.h"
#include "storage/types/ids.h"

namespace stria::storage {

/// Which shard gave the ids: 128 random bits, made with the data directory.
struct Lineage {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(Lineage, Lineage) = default;
};

/// A block, its checksum included. Length 0: there is none.
struct BlockRef {
  uint64_t offset = 0;
  uint64_t length = 0;
};

struct FooterColumn {
  ColumnId id;
  DataType type = DataType::kFloat64;
  std::string name;
};

struct DirectoryPageRef {
  BlockRef runs;
  BlockRef keys;
  uint32_t num_runs = 0;
  std::string first_key;
  int64_t min_time = 0;
  int64_t max_time = 0;
};

struct ColumnChunkRef {
  std::vector<BlockRef> pages;  ///< empty: no row has a value
  BlockRef zone_maps;
};

struct TimesRef {
  BlockRef block;
  uint32_t first_run = 0;  ///< of the row group's runs
};

struct RowGroupRef {
  uint32_t num_rows = 0;
  uint64_t first_run = 0;  ///< of the part's runs
  uint32_t num_runs = 0;
  int64_t min_time = 0;
  int64_t max_time = 0;
  std::vector<TimesRef> times;
  std::vector<ColumnChunkRef> columns;  ///< one for each column of the part
};

struct PartFooter {
  Lineage lineage;
  TableId table;
  std::string database_name;
  std::string table_name;
  uint8_t level = 0;
  uint64_t seq_min = 0;
  uint64_t seq_max = 0;
  uint64_t deletes_seq = 0;  ///< every DELETE with a number up to it is applied, as up to seq_max
  uint64_t num_rows = 0;
  uint64_t num_runs = 0;
  std::vector<FooterColumn> columns;
  std::vector<DirectoryPageRef> directory;
  std::vector<RowGroupRef> row_groups;
  std::vector<std::byte> overlap;  ///< serialized Roaring bitmap
};

/// Appends the payload of the footer block.
void EncodePartFooter(const PartFooter& footer, std::vector<std::byte>& encoded);

/// Parses a footer payload of a part whose blocks end at `blocks_end`. Every block it names lies
/// below that, and its counts agree with each other; else kCorruption.
Result<PartFooter> DecodePartFooter(std::span<const std::byte> encoded, uint64_t blocks_end);

}  // namespace stria::storage
