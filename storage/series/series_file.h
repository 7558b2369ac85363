// A file of series: the keys of ids [begin, end) of some tables, shard/<s>/series/<n>.
//
// Written at a flush, for the series that were introduced since the file before, or for all of
// them: a snapshot, which replaces the files before. The keys are kept as the index keeps them,
// values once and then columns of codes, so that a start puts them back without looking at a part.
// docs/format/series.md has the bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/series/series_index.h"
#include "storage/types/ids.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// Series [begin, end) of a table.
struct SeriesRange {
  TableId table;
  uint32_t begin = 0;
  uint32_t end = 0;

  friend bool operator==(const SeriesRange&, const SeriesRange&) = default;
};

/// Adds a range, to the last one if it follows it there.
void AppendRange(const SeriesRange& range, std::vector<SeriesRange>& ranges);
uint64_t CountSeries(std::span<const SeriesRange> ranges);

/// Makes the bytes of a file. Gives them to `write` in pieces.
///
/// Thread safety: confined.
class SeriesFileWriter {
 public:
  using Write = std::function<Status(std::span<const std::byte>)>;

  explicit SeriesFileWriter(Write write);

  /// Adds series of `index`, which has them. Its lock is let go of again and again.
  Status Add(const SeriesRange& range, const TableSeriesIndex& index);
  Status Finish();

 private:
  struct Tag;

  Status AddValues(const TableSeriesIndex& index, uint32_t position, const Tag& tag);
  Status WriteBlock(uint8_t kind, std::span<const std::byte> payload);

  Write write_;
  std::vector<std::byte> buffer_;
  uint64_t offset_ = 0;
  uint64_t num_blocks_ = 0;
};

/// What a file says of one table, before its values and rows.
struct SeriesTable {
  struct Tag {
    std::string_view name;
    uint64_t num_values = 0;
  };
  SeriesRange range;
  std::vector<Tag> tags;
  std::vector<std::vector<uint32_t>> shapes;  ///< positions in `tags`
};

/// Takes a file piece by piece: tables, of each the values of its tags, then its rows.
class SeriesFileVisitor {
 public:
  virtual ~SeriesFileVisitor() = default;

  virtual Status VisitTable(const SeriesTable& table) = 0;
  /// The next values of a tag; their codes count up from 0.
  virtual Status VisitValues(uint32_t tag, std::span<const std::string_view> values) = 0;
  /// The next series. `codes[tag][row]` is below the number of values where the shape has the tag,
  /// else UINT32_MAX.
  virtual Status VisitRows(std::span<const uint32_t> shapes,
                           std::span<const std::vector<uint32_t>> codes) = 0;
};

/// Reads a file of this version. Fails with kCorruption on anything that SeriesFileWriter would not
/// write, before anything is visited if bytes are damaged.
Status VisitSeriesFile(std::span<const std::byte> file, SeriesFileVisitor& visitor);

/// Puts the series of a file of any version into the indexes that `index_of` gives. Fails with
/// kCorruption on damage and when the ids do not fit those that are there.
Status LoadSeriesFile(std::span<const std::byte> file,
                      const std::function<TableSeriesIndex&(TableId)>& index_of);

/// The series of a file of any version, with their keys.
Result<std::vector<NewSeries>> DecodeSeriesFile(std::span<const std::byte> file);

}  // namespace stria::storage
