#include "storage/format/part_footer.h"

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/format/part_layout.h"
#include "storage/types/vector_view.h"

namespace stria::storage {
namespace {

void AppendRef(const BlockRef& ref, std::vector<std::byte>& encoded) {
  AppendVarint(ref.offset, encoded);
  AppendVarint(ref.length, encoded);
}

// Reads the parts of a footer, and refuses what cannot be true.
class FooterReader {
 public:
  FooterReader(std::span<const std::byte> encoded, uint64_t blocks_end)
      : reader_(encoded), blocks_end_(blocks_end) {}

  Result<PartFooter> Read() {
    PartFooter footer;
    STRIA_RETURN_IF_ERROR(ReadHead(footer));
    STRIA_ASSIGN_OR_RETURN(const auto num_columns, Count(6));
    for (uint64_t i = 0; i < num_columns; ++i) {
      STRIA_ASSIGN_OR_RETURN(auto column, Column());
      footer.columns.push_back(std::move(column));
    }
    STRIA_ASSIGN_OR_RETURN(const auto num_pages, Count(22));
    uint64_t num_runs = 0;
    for (uint64_t i = 0; i < num_pages; ++i) {
      STRIA_ASSIGN_OR_RETURN(auto page, DirectoryPage());
      num_runs += page.num_runs;
      footer.directory.push_back(std::move(page));
      if (i + 1 < num_pages && footer.directory.back().num_runs != kRunsPerDirectoryPage) {
        return Corruption("directory page {} is not full", i);
      }
    }
    if (num_runs != footer.num_runs) return Corruption("directory of {} runs", num_runs);
    STRIA_RETURN_IF_ERROR(ReadRowGroups(footer));
    STRIA_ASSIGN_OR_RETURN(const auto overlap_bytes, Count(1));
    STRIA_ASSIGN_OR_RETURN(const auto overlap, reader_.ReadBytes(overlap_bytes));
    footer.overlap.assign(overlap.begin(), overlap.end());
    if (!reader_.empty()) return Corruption("bytes after the footer");
    return footer;
  }

 private:
  // A count of things that take at least `min_bytes` each.
  Result<size_t> Count(size_t min_bytes) {
    STRIA_ASSIGN_OR_RETURN(const auto count, reader_.ReadVarint());
    if (count > reader_.num_remaining() / min_bytes) return Corruption("count of {}", count);
    return static_cast<size_t>(count);
  }

  Result<uint32_t> Small() {
    STRIA_ASSIGN_OR_RETURN(const auto value, reader_.ReadVarint());
    if (value > UINT32_MAX) return Corruption("number {} is too large", value);
    return static_cast<uint32_t>(value);
  }

  Result<BlockRef> Ref() {
    BlockRef ref;
    STRIA_ASSIGN_OR_RETURN(ref.offset, reader_.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(ref.length, reader_.ReadVarint());
    if (ref.length == 0) return ref;
    if (ref.length <= kBlockChecksumBytes || ref.offset < kPartHeaderBytes ||
        ref.offset > blocks_end_ || ref.length > blocks_end_ - ref.offset) {
      return Corruption("block at {} of {} bytes lies outside", ref.offset, ref.length);
    }
    return ref;
  }

  Status ReadHead(PartFooter& footer) {
    STRIA_ASSIGN_OR_RETURN(footer.lineage.high, reader_.Read<uint64_t>());
    STRIA_ASSIGN_OR_RETURN(footer.lineage.low, reader_.Read<uint64_t>());
    STRIA_ASSIGN_OR_RETURN(const auto table, reader_.Read<uint32_t>());
    footer.table = TableId(table);
    STRIA_ASSIGN_OR_RETURN(footer.database_name, reader_.ReadString());
    STRIA_ASSIGN_OR_RETURN(footer.table_name, reader_.ReadString());
    STRIA_ASSIGN_OR_RETURN(footer.level, reader_.Read<uint8_t>());
    STRIA_ASSIGN_OR_RETURN(footer.seq_min, reader_.Read<uint64_t>());
    STRIA_ASSIGN_OR_RETURN(footer.seq_max, reader_.Read<uint64_t>());
    STRIA_ASSIGN_OR_RETURN(footer.deletes_seq, reader_.Read<uint64_t>());
    STRIA_ASSIGN_OR_RETURN(footer.num_rows, reader_.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(footer.num_runs, reader_.ReadVarint());
    return Status::Ok();
  }

  Result<FooterColumn> Column() {
    FooterColumn column;
    STRIA_ASSIGN_OR_RETURN(const auto id, reader_.Read<uint32_t>());
    STRIA_ASSIGN_OR_RETURN(const auto type, reader_.Read<uint8_t>());
    STRIA_ASSIGN_OR_RETURN(column.name, reader_.ReadString());
    if (type < static_cast<uint8_t>(DataType::kFloat64) ||
        type > static_cast<uint8_t>(DataType::kString)) {
      return Corruption("column \"{}\" of type {}", column.name, type);
    }
    column.id = ColumnId(id);
    column.type = static_cast<DataType>(type);
    return column;
  }

  Result<DirectoryPageRef> DirectoryPage() {
    DirectoryPageRef page;
    STRIA_ASSIGN_OR_RETURN(page.runs, Ref());
    STRIA_ASSIGN_OR_RETURN(page.keys, Ref());
    STRIA_ASSIGN_OR_RETURN(page.num_runs, Small());
    STRIA_ASSIGN_OR_RETURN(page.first_key, reader_.ReadString());
    STRIA_ASSIGN_OR_RETURN(page.min_time, reader_.Read<int64_t>());
    STRIA_ASSIGN_OR_RETURN(page.max_time, reader_.Read<int64_t>());
    if (page.num_runs == 0 || page.num_runs > kRunsPerDirectoryPage || page.runs.length == 0 ||
        page.keys.length == 0) {
      return Corruption("directory page of {} runs", page.num_runs);
    }
    return page;
  }

  Status ReadRowGroups(PartFooter& footer) {
    STRIA_ASSIGN_OR_RETURN(const auto num_groups, Count(20));
    uint64_t num_rows = 0, num_runs = 0;
    for (size_t i = 0; i < num_groups; ++i) {
      STRIA_ASSIGN_OR_RETURN(auto group, RowGroup(footer.columns.size()));
      if (group.first_run != num_runs) return Corruption("row group {} begins elsewhere", i);
      num_rows += group.num_rows;
      num_runs += group.num_runs;
      footer.row_groups.push_back(std::move(group));
    }
    if (num_rows != footer.num_rows || num_runs != footer.num_runs) {
      return Corruption("row groups of {} rows and {} runs", num_rows, num_runs);
    }
    return Status::Ok();
  }

  Result<RowGroupRef> RowGroup(size_t num_columns) {
    RowGroupRef group;
    STRIA_ASSIGN_OR_RETURN(group.num_rows, Small());
    STRIA_ASSIGN_OR_RETURN(group.first_run, reader_.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(group.num_runs, Small());
    STRIA_ASSIGN_OR_RETURN(group.min_time, reader_.Read<int64_t>());
    STRIA_ASSIGN_OR_RETURN(group.max_time, reader_.Read<int64_t>());
    if (group.num_rows == 0 || group.num_rows > kMaxRowGroupRows || group.num_runs == 0 ||
        group.num_runs > group.num_rows) {
      return Corruption("row group of {} rows and {} runs", group.num_rows, group.num_runs);
    }
    STRIA_ASSIGN_OR_RETURN(const auto num_times, Count(3));
    for (size_t i = 0; i < num_times; ++i) {
      TimesRef times;
      STRIA_ASSIGN_OR_RETURN(times.block, Ref());
      STRIA_ASSIGN_OR_RETURN(times.first_run, Small());
      if (times.block.length == 0 || times.first_run >= group.num_runs ||
          (i > 0 && times.first_run <= group.times.back().first_run)) {
        return Corruption("times block {} begins at run {}", i, times.first_run);
      }
      group.times.push_back(times);
    }
    constexpr uint32_t kPageRows = kVectorsPerPage * kVectorRows;
    const size_t num_pages_wanted = (group.num_rows + kPageRows - 1) / kPageRows;
    for (size_t i = 0; i < num_columns; ++i) {
      ColumnChunkRef chunk;
      STRIA_ASSIGN_OR_RETURN(const auto num_pages, Count(2));
      if (num_pages != 0 && num_pages != num_pages_wanted) {
        return Corruption("{} pages of column {}, want {}", num_pages, i, num_pages_wanted);
      }
      for (size_t page = 0; page < num_pages; ++page) {
        STRIA_ASSIGN_OR_RETURN(const auto ref, Ref());
        chunk.pages.push_back(ref);
      }
      if (num_pages > 0) {
        STRIA_ASSIGN_OR_RETURN(chunk.zone_maps, Ref());
        if (chunk.zone_maps.length == 0) return Corruption("column {} without zone maps", i);
      }
      group.columns.push_back(std::move(chunk));
    }
    return group;
  }

  ByteReader reader_;
  uint64_t blocks_end_;
};

}  // namespace

void EncodePartFooter(const PartFooter& footer, std::vector<std::byte>& encoded) {
  AppendInteger(footer.lineage.high, encoded);
  AppendInteger(footer.lineage.low, encoded);
  AppendInteger(footer.table.value(), encoded);
  AppendString(footer.database_name, encoded);
  AppendString(footer.table_name, encoded);
  AppendInteger(footer.level, encoded);
  AppendInteger(footer.seq_min, encoded);
  AppendInteger(footer.seq_max, encoded);
  AppendInteger(footer.deletes_seq, encoded);
  AppendVarint(footer.num_rows, encoded);
  AppendVarint(footer.num_runs, encoded);
  AppendVarint(footer.columns.size(), encoded);
  for (const auto& column : footer.columns) {
    AppendInteger(column.id.value(), encoded);
    AppendInteger(static_cast<uint8_t>(column.type), encoded);
    AppendString(column.name, encoded);
  }
  AppendVarint(footer.directory.size(), encoded);
  for (const auto& page : footer.directory) {
    AppendRef(page.runs, encoded);
    AppendRef(page.keys, encoded);
    AppendVarint(page.num_runs, encoded);
    AppendString(page.first_key, encoded);
    AppendInteger(page.min_time, encoded);
    AppendInteger(page.max_time, encoded);
  }
  AppendVarint(footer.row_groups.size(), encoded);
  for (const auto& group : footer.row_groups) {
    AppendVarint(group.num_rows, encoded);
    AppendVarint(group.first_run, encoded);
    AppendVarint(group.num_runs, encoded);
    AppendInteger(group.min_time, encoded);
    AppendInteger(group.max_time, encoded);
    AppendVarint(group.times.size(), encoded);
    for (const auto& times : group.times) {
      AppendRef(times.block, encoded);
      AppendVarint(times.first_run, encoded);
    }
    for (const auto& chunk : group.columns) {
      AppendVarint(chunk.pages.size(), encoded);
      for (const auto& page : chunk.pages)
        AppendRef(page, encoded);
      if (!chunk.pages.empty()) AppendRef(chunk.zone_maps, encoded);
    }
  }
  AppendVarint(footer.overlap.size(), encoded);
  AppendBytes(footer.overlap, encoded);
}

Result<PartFooter> DecodePartFooter(std::span<const std::byte> encoded, uint64_t blocks_end) {
  return FooterReader(encoded, blocks_end).Read();
}

}  // namespace stria::storage
