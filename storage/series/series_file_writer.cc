#include <algorithm>
#include <cstring>
#include <utility>

#include <zstd.h>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/checksum.h"
#include "storage/series/series_file.h"
#include "storage/series/series_file_format.h"

namespace stria::storage {
namespace {

constexpr uint32_t kNone = CodeColumn::kNone;

// Blocks of about a megabyte are packed well and read with little memory.
constexpr size_t kTargetBytes = 1 << 20;

constexpr size_t kWriteBytes = 1 << 20;

// Names and codes repeat enough that the fastest level halves them; loading is what counts.
constexpr int kZstdLevel = 1;

// Values taken under one lock.
constexpr uint32_t kStretch = 4096;

void AppendCodes(std::span<const uint32_t> codes, std::vector<std::byte>& bytes) {
  const uint32_t first = codes.empty() ? 0 : codes[0] + 1;
  bool are_equal = true, are_counting = first != 0;
  uint32_t greatest = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint32_t value = codes[i] + 1;
    are_equal &= value == first;
    are_counting &= value == first + i;
    greatest = std::max(greatest, value);
  }
  if (are_equal || are_counting) {
    AppendInteger(are_equal ? kEqualCodes : kCountingCodes, bytes);
    AppendInteger(first, bytes);
    return;
  }
  const uint8_t width = greatest <= UINT8_MAX ? 1 : greatest <= UINT16_MAX ? 2 : 4;
  AppendInteger(width, bytes);
  const size_t offset = bytes.size();
  bytes.resize(offset + codes.size() * width);
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint32_t value = codes[i] + 1;
    std::memcpy(bytes.data() + offset + i * width, &value, width);
  }
}

}  // namespace

// A tag in a file: the values that its series have, with codes of the file.
struct SeriesFileWriter::Tag {
  uint32_t position = 0;        // In the index.
  std::vector<uint32_t> codes;  // Of the index, by code of the file, ascending; empty: the same.
  uint32_t num_values = 0;

  uint32_t CodeInFile(uint32_t code) const {
    if (code == kNone || codes.empty()) return code;
    return static_cast<uint32_t>(std::ranges::lower_bound(codes, code) - codes.begin());
  }
  void Note(std::span<const uint32_t> some) {
    for (const uint32_t code : some) {
      if (code != kNone && (codes.empty() || codes.back() != code)) codes.push_back(code);
    }
  }
  void EndNotes() {
    std::ranges::sort(codes);
    codes.erase(std::ranges::unique(codes).begin(), codes.end());
    num_values = static_cast<uint32_t>(codes.size());
  }
};

SeriesFileWriter::SeriesFileWriter(Write write) : write_(std::move(write)) {
  AppendInteger(kSeriesFileMagic, buffer_);
  AppendInteger(kSeriesFileVersion, buffer_);
  AppendInteger<uint32_t>(0, buffer_);
  offset_ = buffer_.size();
}

Status SeriesFileWriter::WriteBlock(uint8_t kind, std::span<const std::byte> payload) {
  STRIA_CHECK(payload.size() <= kMaxSeriesBlockBytes);
  std::vector<std::byte> packed(ZSTD_compressBound(payload.size()));
  const size_t size =
      ZSTD_compress(packed.data(), packed.size(), payload.data(), payload.size(), kZstdLevel);
  const bool is_packed = ZSTD_isError(size) == 0 && size < payload.size() - payload.size() / 8;
  const auto body = is_packed ? std::span<const std::byte>(packed).first(size) : payload;

  const size_t begin = buffer_.size();
  AppendInteger(static_cast<uint32_t>(body.size()), buffer_);
  AppendInteger(static_cast<uint32_t>(payload.size()), buffer_);
  AppendInteger(kind, buffer_);
  AppendInteger(static_cast<uint8_t>(is_packed ? SeriesCodec::kZstd : SeriesCodec::kPlain),
                buffer_);
  AppendInteger<uint16_t>(0, buffer_);
  std::vector<std::byte> checked(buffer_.begin() + static_cast<std::ptrdiff_t>(begin),
                                 buffer_.end());
  AppendBytes(body, checked);
  AppendInteger(Checksum(checked, offset_), buffer_);
  AppendBytes(body, buffer_);
  offset_ += kSeriesBlockHeaderBytes + body.size();
  ++num_blocks_;
  if (buffer_.size() < kWriteBytes) return Status::Ok();
  STRIA_RETURN_IF_ERROR(write_(buffer_));
  buffer_.clear();
  return Status::Ok();
}

Status SeriesFileWriter::Add(const SeriesRange& range, const TableSeriesIndex& index) {
  std::vector<Tag> tags;
  std::vector<std::byte> payload;
  const bool is_whole = range.begin == 0;  // The codes of the index are those of the file.
  uint32_t num_tags = 0;
  index.ReadColumns([&](const KeyColumns& keys) { num_tags = keys.num_tags(); });
  tags.resize(num_tags);
  std::vector<uint32_t> codes(kMaxSeriesBlockRows);
  for (uint32_t i = 0; i < num_tags; ++i) {
    tags[i].position = i;
    if (is_whole) continue;
    for (uint32_t begin = range.begin; begin < range.end;) {
      const uint32_t end =
          std::min(range.end, (begin / CodeColumn::kSegmentRows + 1) * CodeColumn::kSegmentRows);
      index.ReadColumns(
          [&](const KeyColumns& keys) { keys.tag(i).codes.Read(begin, end, codes.data()); });
      tags[i].Note(std::span(codes).first(end - begin));
      begin = end;
    }
    tags[i].EndNotes();
  }
  // Shapes and values are taken after all: those of the range are there, and perhaps a few more.
  AppendVarint(range.table.value(), payload);
  AppendVarint(range.begin, payload);
  AppendVarint(range.end - range.begin, payload);
  index.ReadColumns([&](const KeyColumns& keys) {
    AppendVarint(num_tags, payload);
    for (Tag& tag : tags) {
      if (is_whole) tag.num_values = keys.tag(tag.position).values.size();
      AppendString(keys.tag(tag.position).name, payload);
      AppendVarint(tag.num_values, payload);
    }
    // A shape that came later may name a tag that came later; no series of the range has it.
    uint32_t num_shapes = 0;
    const auto is_known = [&](uint32_t shape) {
      return std::ranges::all_of(keys.shape(shape), [&](uint32_t tag) { return tag < num_tags; });
    };
    while (num_shapes < keys.num_shapes() && is_known(num_shapes))
      ++num_shapes;
    AppendVarint(num_shapes, payload);
    for (uint32_t shape = 0; shape < num_shapes; ++shape) {
      AppendVarint(keys.shape(shape).size(), payload);
      for (const uint32_t tag : keys.shape(shape))
        AppendVarint(tag, payload);
    }
  });
  STRIA_RETURN_IF_ERROR(WriteBlock(static_cast<uint8_t>(SeriesBlock::kTable), payload));
  for (uint32_t i = 0; i < num_tags; ++i)
    STRIA_RETURN_IF_ERROR(AddValues(index, i, tags[i]));

  // With many tags a block has fewer rows, so that it does not grow beyond its bound.
  const uint32_t max_rows = std::clamp<uint32_t>(
      static_cast<uint32_t>(4 * kTargetBytes / sizeof(uint32_t) / (num_tags + 1)), 64,
      kMaxSeriesBlockRows);
  for (uint32_t begin = range.begin; begin < range.end;) {
    const uint32_t end =
        std::min({range.end, begin + max_rows,
                  (begin / CodeColumn::kSegmentRows + 1) * CodeColumn::kSegmentRows});
    const auto rows = std::span(codes).first(end - begin);
    payload.clear();
    AppendVarint(rows.size(), payload);
    index.ReadColumns([&](const KeyColumns& keys) {
      keys.shapes().Read(begin, end, codes.data());
      AppendCodes(rows, payload);
      for (const Tag& tag : tags) {
        keys.tag(tag.position).codes.Read(begin, end, codes.data());
        for (uint32_t& code : rows)
          code = tag.CodeInFile(code);
        AppendCodes(rows, payload);
      }
    });
    STRIA_RETURN_IF_ERROR(WriteBlock(static_cast<uint8_t>(SeriesBlock::kRows), payload));
    begin = end;
  }
  return Status::Ok();
}

Status SeriesFileWriter::AddValues(const TableSeriesIndex& index, uint32_t position,
                                   const Tag& tag) {
  std::vector<std::byte> payload, lengths, text;
  for (uint32_t code = 0; code < tag.num_values;) {
    uint32_t num_values = 0;
    lengths.clear();
    text.clear();
    while (code < tag.num_values && text.size() < kTargetBytes &&
           num_values + kStretch <= kMaxSeriesBlockRows) {
      index.ReadColumns([&](const KeyColumns& keys) {
        const TagDictionary& values = keys.tag(position).values;
        for (uint32_t i = 0; i < kStretch && code < tag.num_values && text.size() < kTargetBytes;
             ++i, ++code, ++num_values) {
          const auto value = values[tag.codes.empty() ? code : tag.codes[code]];
          AppendVarint(value.size(), lengths);
          AppendBytes(AsBytes(value), text);
        }
      });
    }
    payload.clear();
    AppendVarint(position, payload);
    AppendVarint(num_values, payload);
    AppendBytes(lengths, payload);
    AppendBytes(text, payload);
    STRIA_RETURN_IF_ERROR(WriteBlock(static_cast<uint8_t>(SeriesBlock::kValues), payload));
  }
  return Status::Ok();
}

Status SeriesFileWriter::Finish() {
  std::vector<std::byte> payload;
  AppendVarint(num_blocks_, payload);
  STRIA_RETURN_IF_ERROR(WriteBlock(static_cast<uint8_t>(SeriesBlock::kEnd), payload));
  return buffer_.empty() ? Status::Ok() : write_(std::exchange(buffer_, {}));
}

}  // namespace stria::storage
