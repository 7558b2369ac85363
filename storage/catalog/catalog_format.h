// Records of the catalog: entries, one after the other, each a byte that says what it is and what
// belongs to it. docs/format/catalog.md has the bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/format/part_footer.h"
#include "storage/types/schema.h"

namespace stria::storage {

/// The kinds of entries. Append, never renumber.
enum class Entry : uint8_t {
  kServer = 1,        // num_shards varint, lineage 2 x uint64
  kDatabase = 2,      // id varint, name
  kTable = 3,         // id, database id varint, name, partition_ns, columns: the whole schema
  kNextIds = 4,       // of the next table and database varint
  kDropTable = 5,     // id varint
  kDropDatabase = 6,  // id varint; its tables are dropped before
  kTableOptions = 7,  // table id varint, count varint, each { option, value varint }
  kNewColumns = 8,    // table id varint, next column id varint, columns: behind those it has
};

// Each appends an entry to `record`.

void AppendServer(uint32_t num_shards, Lineage lineage, std::vector<std::byte>& record);
void AppendDatabase(DatabaseId id, std::string_view name, std::vector<std::byte>& record);
/// The whole schema but for the options.
void AppendTable(const TableSchema& table, std::vector<std::byte>& record);
/// The columns behind the first `num_before`: a wide table gets its columns a few at a time, and is
/// not written again for each of them.
void AppendNewColumns(const TableSchema& table, size_t num_before, std::vector<std::byte>& record);
/// All options of the table.
void AppendLimits(const TableSchema& table, std::vector<std::byte>& record);
void AppendNextIds(uint32_t next_table_id, uint32_t next_database_id,
                   std::vector<std::byte>& record);
void AppendDropTable(TableId id, std::vector<std::byte>& record);
void AppendDropDatabase(DatabaseId id, std::vector<std::byte>& record);

// Each reads what stands behind the byte that says what the entry is, or a piece of it; fails with
// kCorruption.

/// A number below 2^32 - 1.
Result<uint32_t> ReadSmall(ByteReader& reader);
Result<std::shared_ptr<TableSchema>> ReadTable(ByteReader& reader);
/// Adds columns behind those that `table` has.
Status ReadColumns(ByteReader& reader, TableSchema& table);
Result<TableLimits> ReadLimits(ByteReader& reader);

}  // namespace stria::storage
