// Finding a part without its manifest: the trailer at the end says how long the footer is, and the
// blocks that the footer names end where it begins, counted from the first byte of the part. The
// part before ends where this one begins.

#include "tools/admin/part_dump.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/vector_codec.h"
#include "storage/format/part_layout.h"
#include "storage/format/part_reader.h"
#include "storage/types/series_key.h"
#include "tools/admin/time_text.h"

namespace stria::admin {
namespace {

using storage::BlockRef;
using storage::PartFooter;
using storage::PartMeta;
using storage::RowGroupRef;

uint64_t EndOf(const BlockRef& ref) {
  return ref.offset + ref.length;
}

// Where the last block that `footer` names ends, in the part.
uint64_t BlocksEnd(const PartFooter& footer) {
  uint64_t end = storage::kPartHeaderBytes;
  for (const auto& page : footer.directory)
    end = std::max({end, EndOf(page.runs), EndOf(page.keys)});
  for (const auto& group : footer.row_groups) {
    for (const auto& times : group.times)
      end = std::max(end, EndOf(times.block));
    for (const auto& column : group.columns) {
      end = std::max(end, EndOf(column.zone_maps));
      for (const auto& page : column.pages)
        end = std::max(end, EndOf(page));
    }
  }
  return end;
}

// The part that ends at `file_end`.
Result<PartMeta> FindPart(const storage::File& file, uint64_t file_end) {
  std::array<std::byte, storage::kPartTrailerBytes> trailer{};
  if (file_end < trailer.size() + storage::kPartHeaderBytes) {
    return Corruption("{} bytes are too few for a part", file_end);
  }
  STRIA_RETURN_IF_ERROR(file.ReadAt(file_end - trailer.size(), trailer));
  ByteReader reader(trailer);
  STRIA_ASSIGN_OR_RETURN(const auto footer_bytes, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto version, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto magic, reader.Read<uint64_t>());
  if (magic != storage::kPartEndMagic) {
    return Corruption("no part ends at offset {}: the trailer has another magic number", file_end);
  }
  if (version != storage::kPartVersion) {
    return Corruption("the part that ends at offset {} is of version {}, this program reads {}",
                      file_end, version, storage::kPartVersion);
  }
  if (footer_bytes <= storage::kBlockChecksumBytes || footer_bytes > file_end - trailer.size()) {
    return Corruption("the part that ends at offset {} has a footer of {} bytes", file_end,
                      footer_bytes);
  }
  std::vector<std::byte> bytes(footer_bytes - storage::kBlockChecksumBytes);
  const uint64_t footer_offset = file_end - trailer.size() - footer_bytes;
  STRIA_RETURN_IF_ERROR(file.ReadAt(footer_offset, bytes));
  STRIA_ASSIGN_OR_RETURN(const auto footer, storage::DecodePartFooter(bytes, footer_offset));
  PartMeta meta;
  meta.offset = footer_offset - std::min(footer_offset, BlocksEnd(footer));
  meta.length = file_end - meta.offset;
  meta.table = footer.table;
  meta.num_rows = footer.num_rows;
  meta.num_runs = footer.num_runs;
  meta.seq_min = footer.seq_min;
  meta.seq_max = footer.seq_max;
  meta.level = footer.level;
  return meta;
}

// The bytes of a column, by use and by the encoding of its vectors.
struct ColumnBytes {
  uint64_t pages = 0, zone_maps = 0, validity = 0, values = 0, num_values = 0;
  std::map<std::string_view, std::pair<uint64_t, uint64_t>> encodings;  // Vectors and bytes.
};

class PartDump {
 public:
  PartDump(storage::PartReader& part, const PartMeta& meta)
      : part_(part), footer_(part.footer()), meta_(meta) {}

  Result<std::string> Run() {
    Head();
    uint64_t directory = 0, keys = 0, times = 0, columns = 0, zone_maps = 0;
    for (const auto& page : footer_.directory) {
      directory += page.runs.length;
      keys += page.keys.length;
    }
    for (const auto& group : footer_.row_groups) {
      for (const auto& block : group.times)
        times += block.block.length;
    }
    std::string table;
    uint64_t num_values = 0;
    for (size_t index = 0; index < footer_.columns.size(); ++index) {
      STRIA_ASSIGN_OR_RETURN(const ColumnBytes bytes, DescribeColumn(index));
      columns += bytes.pages;
      zone_maps += bytes.zone_maps;
      num_values += bytes.num_values;
      AppendColumn(footer_.columns[index], bytes, table);
    }
    const uint64_t rest = meta_.length - directory - keys - times - columns - zone_maps;
    text_ += "  where its bytes are:\n";
    Line("values", columns);
    Line("zone maps", zone_maps);
    Line("times", times);
    Line("directory of runs", directory);
    Line("keys of series", keys);
    Line("footer, header, trailer", rest);
    text_ += fmt::format(
        "  {} values that are not NULL, {:.3f} bytes each, with everything\n", num_values,
        static_cast<double>(meta_.length) / static_cast<double>(std::max<uint64_t>(num_values, 1)));
    text_ += table;
    return std::move(text_);
  }

 private:
  void Head() {
    text_ += fmt::format(
        "part at offset {}, {} bytes: {}.{} (table {}), level {}\n"
        "  {} rows in {} runs, {} row groups, records {} to {} of the log\n",
        meta_.offset, meta_.length, footer_.database_name, footer_.table_name,
        footer_.table.value(), footer_.level, footer_.num_rows, footer_.num_runs,
        footer_.row_groups.size(), footer_.seq_min, footer_.seq_max);
    if (footer_.row_groups.empty()) return;
    int64_t min_time = INT64_MAX, max_time = INT64_MIN;
    for (const RowGroupRef& group : footer_.row_groups) {
      min_time = std::min(min_time, group.min_time);
      max_time = std::max(max_time, group.max_time);
    }
    text_ += fmt::format("  times {} to {}\n", TimeText(min_time), TimeText(max_time));
    if (!footer_.directory.empty()) {
      text_ +=
          fmt::format("  first series {}\n", FormatSeriesKey(footer_.directory.front().first_key));
    }
  }

  void Line(std::string_view what, uint64_t bytes) {
    text_ += fmt::format("    {:<24}{:>12}  {:>5.1f} %\n", what, bytes,
                         100.0 * static_cast<double>(bytes) / static_cast<double>(meta_.length));
  }

  static void AppendColumn(const storage::FooterColumn& column, const ColumnBytes& bytes,
                           std::string& text) {
    text += fmt::format(
        "  column {} \"{}\" {}: {} values in {} bytes ({} of lengths and checksums, {} of "
        "validity), "
        "zone maps {}\n",
        column.id.value(), column.name, DataTypeName(column.type), bytes.num_values, bytes.pages,
        bytes.pages - bytes.validity - bytes.values, bytes.validity, bytes.zone_maps);
    for (const auto& [encoding, use] : bytes.encodings)
      text +=
          fmt::format("    {:<24}{:>12} bytes in {} vectors\n", encoding, use.second, use.first);
  }

  Result<ColumnBytes> DescribeColumn(size_t index) {
    ColumnBytes bytes;
    for (size_t group = 0; group < footer_.row_groups.size(); ++group) {
      const RowGroupRef& row_group = footer_.row_groups[group];
      const auto& chunk = row_group.columns[index];
      bytes.zone_maps += chunk.zone_maps.length;
      const size_t num_vectors = (row_group.num_rows + kVectorRows - 1) / kVectorRows;
      for (size_t page = 0; page < chunk.pages.size(); ++page) {
        if (chunk.pages[page].length == 0) continue;
        const size_t first_vector = page * storage::kVectorsPerPage;
        const size_t num_in_page =
            std::min<size_t>(storage::kVectorsPerPage, num_vectors - first_vector);
        STRIA_RETURN_IF_ERROR(
            DescribePage(chunk.pages[page], row_group.num_rows, first_vector, num_in_page, bytes));
      }
      STRIA_RETURN_IF_ERROR(CountValues(group, footer_.columns[index], bytes));
    }
    return bytes;
  }

  Status DescribePage(const BlockRef& ref, uint32_t num_rows, size_t first_vector,
                      size_t num_vectors, ColumnBytes& bytes) {
    bytes.pages += ref.length;
    STRIA_ASSIGN_OR_RETURN(const auto block, part_.ReadBlock(ref));
    ByteReader reader(
        std::span<const std::byte>{*block}.first(block->size() - storage::kBlockChecksumBytes));
    std::vector<uint64_t> lengths(num_vectors);
    STRIA_RETURN_IF_ERROR(storage::DecodeIntegers(reader, lengths));
    for (size_t i = 0; i < num_vectors; ++i) {
      STRIA_ASSIGN_OR_RETURN(const auto vector, reader.ReadBytes(lengths[i]));
      const auto first_row = static_cast<uint32_t>((first_vector + i) * kVectorRows);
      STRIA_ASSIGN_OR_RETURN(
          const auto shape,
          storage::DescribeVector(vector, std::min(kVectorRows, num_rows - first_row)));
      bytes.validity += shape.validity_bytes;
      bytes.values += shape.value_bytes;
      auto& [count, size] =
          bytes.encodings[shape.all_null ? "all NULL" : storage::EncodingName(shape.encoding)];
      ++count;
      size += vector.size();
    }
    return Status::Ok();
  }

  Status CountValues(size_t group, const storage::FooterColumn& column, ColumnBytes& bytes) {
    STRIA_ASSIGN_OR_RETURN(const auto source, part_.OpenRowGroup(group, {}));
    if (source == nullptr) return Corruption("row group {} has no run", group);
    const uint32_t num_vectors = (source->num_rows() + kVectorRows - 1) / kVectorRows;
    for (uint32_t vector = 0; vector < num_vectors; ++vector) {
      STRIA_ASSIGN_OR_RETURN(const auto view, source->ReadVector(column.id, column.type, vector));
      if (view.all_null) continue;
      bytes.num_values +=
          view.validity == nullptr
              ? view.num_rows
              : static_cast<uint64_t>(std::count_if(view.validity, view.validity + view.num_rows,
                                                    [](uint8_t valid) { return valid != 0; }));
    }
    return Status::Ok();
  }

  storage::PartReader& part_;
  const PartFooter& footer_;
  const PartMeta& meta_;
  std::string text_;
};

}  // namespace

Result<std::string> DumpPartFile(storage::FileSystem& files, const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(auto opened, files.OpenForRead(path));
  const std::shared_ptr<storage::File> file = std::move(opened);
  STRIA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::vector<PartMeta> parts;
  for (uint64_t end = size; end > 0; end = parts.back().offset) {
    const auto meta = FindPart(*file, end);
    if (!meta) return meta.error().WithContext(path);
    parts.push_back(*meta);
    parts.back().file = path;
  }
  std::string text = fmt::format("{}: {} bytes, {} parts\n", path, size, parts.size());
  for (size_t i = parts.size(); i-- > 0;) {
    STRIA_ASSIGN_OR_RETURN(const auto part, storage::PartReader::Open(file, parts[i], nullptr));
    STRIA_ASSIGN_OR_RETURN(const auto one, PartDump(*part, parts[i]).Run());
    text += one;
  }
  return text;
}

}  // namespace stria::admin
