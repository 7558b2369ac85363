#include "storage/series/series_file.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include <zstd.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/base/errors.h"
#include "storage/series/series_file_format.h"

namespace stria::storage {

void AppendRange(const SeriesRange& range, std::vector<SeriesRange>& ranges) {
  if (!ranges.empty() && ranges.back().table == range.table && ranges.back().end == range.begin) {
    ranges.back().end = range.end;
  } else {
    ranges.push_back(range);
  }
}

uint64_t CountSeries(std::span<const SeriesRange> ranges) {
  uint64_t num_series = 0;
  for (const SeriesRange& range : ranges)
    num_series += range.end - range.begin;
  return num_series;
}

namespace {

constexpr uint32_t kNone = CodeColumn::kNone;

// A block, checked and not yet unpacked.
struct Block {
  SeriesBlock kind;
  SeriesCodec codec;
  uint32_t raw_length = 0;
  std::span<const std::byte> body;
};

Result<Block> ReadBlock(std::span<const std::byte> file, ByteReader& reader) {
  const uint64_t offset = file.size() - reader.num_remaining();
  const auto header = reader.rest();
  Block block;
  STRIA_ASSIGN_OR_RETURN(const auto length, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(block.raw_length, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto kind, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto codec, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto zero, reader.Read<uint16_t>());
  STRIA_ASSIGN_OR_RETURN(const auto checksum, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(block.body, reader.ReadBytes(length));
  std::vector<std::byte> checked(
      header.begin(), header.begin() + static_cast<std::ptrdiff_t>(kSeriesBlockCheckedBytes));
  AppendBytes(block.body, checked);
  if (checksum != Checksum(checked, offset))
    return Corruption("checksum mismatch in the block at offset {}", offset);
  block.kind = static_cast<SeriesBlock>(kind);
  block.codec = static_cast<SeriesCodec>(codec);
  const bool is_plain = block.codec == SeriesCodec::kPlain && block.raw_length == length;
  if (zero != 0 || kind < 1 || kind > 4 || block.raw_length > kMaxSeriesBlockBytes ||
      (!is_plain && block.codec != SeriesCodec::kZstd)) {
    return Corruption("block out of form at offset {}", offset);
  }
  return block;
}

// The payload of `block`, which may lie in `unpacked`.
Result<std::span<const std::byte>> Unpack(const Block& block, std::vector<std::byte>& unpacked) {
  if (block.codec == SeriesCodec::kPlain) return block.body;
  unpacked.resize(block.raw_length);
  const size_t got =
      ZSTD_decompress(unpacked.data(), unpacked.size(), block.body.data(), block.body.size());
  if (ZSTD_isError(got) != 0 || got != unpacked.size()) return Corruption("damaged zstd frame");
  return std::span<const std::byte>(unpacked);
}

// Reads blocks of one file in the order in which they must stand.
class FileReader {
 public:
  FileReader(std::span<const std::byte> file, SeriesFileVisitor& visitor)
      : file_(file), visitor_(visitor) {}

  Status Read() {
    STRIA_RETURN_IF_ERROR(ReadBlocks());
    std::vector<std::byte> unpacked;
    for (const Block& block : blocks_) {
      STRIA_ASSIGN_OR_RETURN(const auto payload, Unpack(block, unpacked));
      ByteReader reader(payload);
      switch (block.kind) {
        case SeriesBlock::kTable: STRIA_RETURN_IF_ERROR(ReadTable(reader)); break;
        case SeriesBlock::kValues: STRIA_RETURN_IF_ERROR(ReadValues(reader)); break;
        case SeriesBlock::kRows: STRIA_RETURN_IF_ERROR(ReadRows(reader)); break;
        case SeriesBlock::kEnd: STRIA_RETURN_IF_ERROR(ReadEnd(reader)); break;
      }
      if (!reader.empty()) return Corruption("bytes after a block's last");
    }
    return Status::Ok();
  }

 private:
  // Finds damage before anything is visited.
  Status ReadBlocks() {
    ByteReader reader(file_.subspan(kSeriesFileHeaderBytes));
    while (!reader.empty()) {
      if (!blocks_.empty() && blocks_.back().kind == SeriesBlock::kEnd)
        return Corruption("bytes after the last block");
      STRIA_ASSIGN_OR_RETURN(const auto block, ReadBlock(file_, reader));
      blocks_.push_back(block);
    }
    if (blocks_.empty() || blocks_.back().kind != SeriesBlock::kEnd)
      return Corruption("the last block is missing");
    return Status::Ok();
  }

  Status CheckComplete() const {
    for (size_t i = 0; i < table_.tags.size(); ++i) {
      if (num_values_[i] != table_.tags[i].num_values)
        return Corruption("values are missing of tag \"{}\"", table_.tags[i].name);
    }
    if (num_rows_ != table_.range.end - table_.range.begin)
      return Corruption("series are missing of table {}", table_.range.table.value());
    return Status::Ok();
  }

  Status ReadTable(ByteReader& reader) {
    STRIA_RETURN_IF_ERROR(CheckComplete());
    table_ = {};
    num_rows_ = 0;
    STRIA_ASSIGN_OR_RETURN(const auto table, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto begin, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto num_series, reader.ReadVarint());
    if (table > UINT32_MAX || begin >= kNone || num_series > kNone - begin)
      return Corruption("series {} and {} more of table {}", begin, num_series, table);
    table_.range = {TableId(static_cast<uint32_t>(table)), static_cast<uint32_t>(begin),
                    static_cast<uint32_t>(begin + num_series)};
    STRIA_ASSIGN_OR_RETURN(const auto num_tags, reader.ReadVarint());
    names_.clear();
    std::set<std::string_view> known;
    for (uint64_t i = 0; i < num_tags; ++i) {
      STRIA_ASSIGN_OR_RETURN(const auto name, reader.ReadString());
      STRIA_ASSIGN_OR_RETURN(const auto num_values, reader.ReadVarint());
      if (num_values >= kNone || !known.insert(name).second)
        return Corruption("tag \"{}\" of {} values", name, num_values);
      names_.emplace_back(name);
      table_.tags.push_back({{}, num_values});
    }
    for (size_t i = 0; i < names_.size(); ++i)
      table_.tags[i].name = names_[i];
    num_values_.assign(table_.tags.size(), 0);
    STRIA_RETURN_IF_ERROR(ReadShapes(reader));
    return visitor_.VisitTable(table_);
  }

  Status ReadShapes(ByteReader& reader) {
    STRIA_ASSIGN_OR_RETURN(const auto num_shapes, reader.ReadVarint());
    for (uint64_t i = 0; i < num_shapes; ++i) {
      STRIA_ASSIGN_OR_RETURN(const auto num_tags, reader.ReadVarint());
      std::vector<uint32_t> shape;
      for (uint64_t j = 0; j < num_tags; ++j) {
        STRIA_ASSIGN_OR_RETURN(const auto tag, reader.ReadVarint());
        // Ascending by name, as in a key.
        if (tag >= names_.size() || (!shape.empty() && names_[shape.back()] >= names_[tag]))
          return Corruption("shape {} with tag {}", i, tag);
        shape.push_back(static_cast<uint32_t>(tag));
      }
      table_.shapes.push_back(std::move(shape));
    }
    return Status::Ok();
  }

  Status ReadValues(ByteReader& reader) {
    STRIA_ASSIGN_OR_RETURN(const auto tag, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto num_values, reader.ReadVarint());
    if (tag >= table_.tags.size() || num_values > kMaxSeriesBlockRows ||
        num_values > table_.tags[tag].num_values - num_values_[tag] || num_rows_ != 0) {
      return Corruption("{} values of tag {}", num_values, tag);
    }
    std::vector<uint64_t> lengths(num_values);
    for (uint64_t& length : lengths) {
      STRIA_ASSIGN_OR_RETURN(length, reader.ReadVarint());
      if (length == 0 || length >= TagDictionary::kMaxValueBytes)
        return Corruption("a value of {} bytes of tag {}", length, tag);
    }
    std::vector<std::string_view> values(num_values);
    for (size_t i = 0; i < values.size(); ++i) {
      STRIA_ASSIGN_OR_RETURN(const auto value, reader.ReadBytes(lengths[i]));
      values[i] = AsText(value);
    }
    num_values_[tag] += num_values;
    return visitor_.VisitValues(static_cast<uint32_t>(tag), values);
  }

  static Status ReadCodes(ByteReader& reader, std::vector<uint32_t>& codes) {
    STRIA_ASSIGN_OR_RETURN(const auto form, reader.Read<uint8_t>());
    if (form == kEqualCodes || form == kCountingCodes) {
      STRIA_ASSIGN_OR_RETURN(uint32_t value, reader.Read<uint32_t>());
      if (form == kCountingCodes && (value == 0 || value > kNone - codes.size()))
        return Corruption("codes that count up from {}", value);
      for (uint32_t& code : codes) {
        code = value - 1;
        value += form == kCountingCodes ? 1 : 0;
      }
      return Status::Ok();
    }
    if (form != 1 && form != 2 && form != 4) return Corruption("codes of form {}", form);
    STRIA_ASSIGN_OR_RETURN(const auto bytes, reader.ReadBytes(codes.size() * form));
    for (size_t i = 0; i < codes.size(); ++i) {
      uint32_t value = 0;
      std::memcpy(&value, bytes.data() + i * form, form);
      codes[i] = value - 1;
    }
    return Status::Ok();
  }

  Status ReadRows(ByteReader& reader) {
    if (num_rows_ == 0) {
      for (size_t i = 0; i < table_.tags.size(); ++i) {
        if (num_values_[i] != table_.tags[i].num_values)
          return Corruption("series before the values of tag \"{}\"", table_.tags[i].name);
      }
    }
    STRIA_ASSIGN_OR_RETURN(const auto num_rows, reader.ReadVarint());
    if (num_rows == 0 || num_rows > kMaxSeriesBlockRows ||
        num_rows > table_.range.end - table_.range.begin - num_rows_) {
      return Corruption("{} series in a block", num_rows);
    }
    shapes_.resize(num_rows);
    STRIA_RETURN_IF_ERROR(ReadCodes(reader, shapes_));
    if (std::ranges::any_of(shapes_, [&](uint32_t one) { return one >= table_.shapes.size(); }))
      return Corruption("a series of no shape");
    codes_.resize(table_.tags.size());
    std::vector<uint8_t> has_tag(table_.shapes.size());
    for (uint32_t tag = 0; tag < codes_.size(); ++tag) {
      codes_[tag].resize(num_rows);
      STRIA_RETURN_IF_ERROR(ReadCodes(reader, codes_[tag]));
      for (size_t i = 0; i < has_tag.size(); ++i)
        has_tag[i] = std::ranges::find(table_.shapes[i], tag) != table_.shapes[i].end() ? 1 : 0;
      for (size_t row = 0; row < num_rows; ++row) {
        const uint32_t code = codes_[tag][row];
        const bool fits =
            has_tag[shapes_[row]] != 0 ? code < table_.tags[tag].num_values : code == kNone;
        if (!fits) return Corruption("a series with value {} of tag {}", code, tag);
      }
    }
    num_rows_ += static_cast<uint32_t>(num_rows);
    return visitor_.VisitRows(shapes_, codes_);
  }

  Status ReadEnd(ByteReader& reader) {
    STRIA_RETURN_IF_ERROR(CheckComplete());
    STRIA_ASSIGN_OR_RETURN(const auto num_blocks, reader.ReadVarint());
    if (num_blocks != blocks_.size() - 1)
      return Corruption("{} blocks, want {}", blocks_.size() - 1, num_blocks);
    return Status::Ok();
  }

  std::span<const std::byte> file_;
  SeriesFileVisitor& visitor_;
  std::vector<Block> blocks_;
  SeriesTable table_;  // The one that is being read.
  std::vector<std::string> names_;
  std::vector<uint64_t> num_values_;  // So far, by tag.
  uint32_t num_rows_ = 0;             // So far.
  std::vector<uint32_t> shapes_;
  std::vector<std::vector<uint32_t>> codes_;
};

// Version 1 had a list of keys under one checksum.
Result<std::vector<NewSeries>> DecodeVersion1(std::span<const std::byte> file) {
  if (file.size() < kSeriesFileHeaderBytes + 8)
    return Corruption("{} bytes are too few", file.size());
  const auto covered = file.first(file.size() - 8);
  ByteReader tail(file.last(8));
  STRIA_ASSIGN_OR_RETURN(const auto checksum, tail.Read<uint64_t>());
  if (checksum != Checksum(covered)) return Corruption("checksum mismatch");
  ByteReader reader(covered.subspan(kSeriesFileHeaderBytes));
  STRIA_ASSIGN_OR_RETURN(const auto count, reader.ReadVarint());
  std::vector<NewSeries> series;
  for (uint64_t i = 0; i < count; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto table, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto id, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto key, reader.ReadString());
    if (table > UINT32_MAX || id >= kNone) return Corruption("series {} of table {}", id, table);
    series.push_back({TableId(static_cast<uint32_t>(table)), SeriesId(static_cast<uint32_t>(id)),
                      std::string(key)});
  }
  if (!reader.empty()) return Corruption("bytes after the last series");
  return series;
}

Result<uint32_t> ReadVersion(std::span<const std::byte> file) {
  ByteReader reader(file);
  STRIA_ASSIGN_OR_RETURN(const auto magic, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto version, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto zero, reader.Read<uint32_t>());
  const bool is_known = version == kSeriesFileVersion1 || version == kSeriesFileVersion;
  if (magic != kSeriesFileMagic || !is_known || zero != 0) return Corruption("not a series file");
  return version;
}

// Puts series into indexes, codes of the file mapped to theirs.
class Loader final : public SeriesFileVisitor {
 public:
  explicit Loader(const std::function<TableSeriesIndex&(TableId)>& index_of)
      : index_of_(index_of) {}

  Status VisitTable(const SeriesTable& table) override {
    STRIA_RETURN_IF_ERROR(Finish());
    index_ = &index_of_(table.range.table);
    next_id_ = table.range.begin;
    is_first_ = index_->num_series() == 0 && next_id_ == 0;
    index_->ReadColumns([&](const KeyColumns& keys) { is_first_ &= keys.num_tags() == 0; });
    index_->Reserve(table.range.end);
    tags_.clear();
    shapes_.clear();
    codes_.assign(table.tags.size(), {});
    index_->ChangeColumns([&](KeyColumns& keys) {
      for (const auto& tag : table.tags) {
        tags_.push_back(keys.TagAt(tag.name));
        keys.tag(tags_.back()).values.Reserve(tag.num_values);
      }
      for (const auto& shape : table.shapes) {
        KeyColumns::Shape mapped;
        for (const uint32_t tag : shape)
          mapped.push_back(tags_[tag]);
        shapes_.push_back(keys.ShapeAt(mapped));
      }
    });
    file_shapes_ = table.shapes;
    return Status::Ok();
  }

  Status VisitValues(uint32_t tag, std::span<const std::string_view> values) override {
    std::vector<uint32_t> codes;
    index_->ChangeColumns([&](KeyColumns& keys) {
      TagDictionary& dictionary = keys.tag(tags_[tag]).values;
      if (is_first_) {
        codes.resize(values.size());
        std::iota(codes.begin(), codes.end(), dictionary.size());
        dictionary.Append(values);
      } else {
        dictionary.FindOrAdd(values, codes);
      }
    });
    codes_[tag].insert(codes_[tag].end(), codes.begin(), codes.end());
    return Status::Ok();
  }

  Status VisitRows(std::span<const uint32_t> shapes,
                   std::span<const std::vector<uint32_t>> codes) override {
    std::vector<TableSeriesIndex::CodedKey> batch;
    std::vector<uint32_t> mapped;
    for (size_t begin = 0; begin < shapes.size(); begin += kBatch) {
      const size_t end = std::min(shapes.size(), begin + kBatch);
      batch.clear();
      mapped.clear();
      for (size_t row = begin; row < end; ++row) {
        for (const uint32_t tag : file_shapes_[shapes[row]])
          mapped.push_back(codes_[tag][codes[tag][row]]);
      }
      size_t offset = 0;
      for (size_t row = begin; row < end; ++row) {
        const size_t num = file_shapes_[shapes[row]].size();
        batch.push_back({shapes_[shapes[row]], std::span(mapped).subspan(offset, num)});
        offset += num;
      }
      if (is_first_) {
        index_->Append(batch);
      } else {
        STRIA_RETURN_IF_ERROR(index_->Restore(SeriesId(next_id_), batch));
      }
      next_id_ += static_cast<uint32_t>(end - begin);
    }
    return Status::Ok();
  }

  /// After the last.
  Status Finish() {
    if (!is_first_) return Status::Ok();
    is_first_ = false;
    Status status;
    index_->ChangeColumns([&](KeyColumns& keys) {
      for (const uint32_t tag : tags_) {
        if (!keys.tag(tag).values.FinishAppend() && status.ok())
          status = Corruption("a value of tag \"{}\" is there twice", keys.tag(tag).name);
      }
    });
    STRIA_RETURN_IF_ERROR(index_->FinishAppend());
    return status;
  }

 private:
  static constexpr size_t kBatch = 64;

  const std::function<TableSeriesIndex&(TableId)>& index_of_;
  TableSeriesIndex* index_ = nullptr;
  uint32_t next_id_ = 0;
  bool is_first_ = false;                     // What the table has: nothing needs to be looked up.
  std::vector<uint32_t> tags_, shapes_;       // Of the index, by those of the file.
  std::vector<std::vector<uint32_t>> codes_;  // Of the index, by tag and code of the file.
  std::vector<std::vector<uint32_t>> file_shapes_;
};

// Rebuilds keys.
class Lister final : public SeriesFileVisitor {
 public:
  std::vector<NewSeries> TakeSeries() { return std::move(series_); }

  Status VisitTable(const SeriesTable& table) override {
    range_ = table.range;
    names_.assign(table.tags.size(), {});
    for (size_t i = 0; i < names_.size(); ++i)
      AppendToKey(table.tags[i].name, names_[i]);
    values_.assign(table.tags.size(), {});
    shapes_ = table.shapes;
    return Status::Ok();
  }

  Status VisitValues(uint32_t tag, std::span<const std::string_view> values) override {
    values_[tag].insert(values_[tag].end(), values.begin(), values.end());
    return Status::Ok();
  }

  Status VisitRows(std::span<const uint32_t> shapes,
                   std::span<const std::vector<uint32_t>> codes) override {
    for (size_t row = 0; row < shapes.size(); ++row) {
      NewSeries& one = series_.emplace_back(range_.table, SeriesId(range_.begin++), std::string());
      for (const uint32_t tag : shapes_[shapes[row]]) {
        one.key += names_[tag];
        AppendToKey(values_[tag][codes[tag][row]], one.key);
      }
    }
    return Status::Ok();
  }

 private:
  std::vector<NewSeries> series_;
  SeriesRange range_;  // From the next series on.
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> values_;
  std::vector<std::vector<uint32_t>> shapes_;
};

}  // namespace

Status VisitSeriesFile(std::span<const std::byte> file, SeriesFileVisitor& visitor) {
  STRIA_ASSIGN_OR_RETURN(const auto version, ReadVersion(file));
  if (version != kSeriesFileVersion) return Corruption("a series file of version {}", version);
  return FileReader(file, visitor).Read();
}

Status LoadSeriesFile(std::span<const std::byte> file,
                      const std::function<TableSeriesIndex&(TableId)>& index_of) {
  STRIA_ASSIGN_OR_RETURN(const auto version, ReadVersion(file));
  if (version == kSeriesFileVersion1) {
    STRIA_ASSIGN_OR_RETURN(const auto series, DecodeVersion1(file));
    for (const auto& one : series)
      STRIA_RETURN_IF_ERROR(index_of(one.table).Restore(one.id, one.key));
    return Status::Ok();
  }
  Loader loader(index_of);
  const Status status = FileReader(file, loader).Read();
  const Status finished = loader.Finish();
  return status.ok() ? finished : status;
}

Result<std::vector<NewSeries>> DecodeSeriesFile(std::span<const std::byte> file) {
  STRIA_ASSIGN_OR_RETURN(const auto version, ReadVersion(file));
  if (version == kSeriesFileVersion1) return DecodeVersion1(file);
  Lister lister;
  STRIA_RETURN_IF_ERROR(FileReader(file, lister).Read());
  return lister.TakeSeries();
}

}  // namespace stria::storage
