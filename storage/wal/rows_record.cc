#include "storage/wal/rows_record.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include <lz4.h>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/encoding/alp.h"
#include "storage/types/decimal_scale.h"

namespace stria::storage {
namespace {

constexpr uint64_t kMaxBodyBytes = std::numeric_limits<int32_t>::max();  // LZ4 counts in int.
constexpr uint64_t kMaxPackingRatio = 256;        // LZ4 cannot do better than 255.
constexpr uint8_t kHasNulls = 1, kIsDecimal = 2;  // Bits of a column's form.
constexpr int kAcceleration = 4;                  // Half the work of 1 for a few per cent of size.

template <typename T, typename Value>
void AppendOffsets(std::span<const Value> values, uint64_t base, std::vector<std::byte>& body) {
  const size_t offset = body.size();
  body.resize(offset + values.size() * sizeof(T));
  std::byte* out = body.data() + offset;
  for (size_t i = 0; i < values.size(); ++i) {
    const T lane = static_cast<T>(static_cast<uint64_t>(values[i]) - base);
    std::memcpy(out + i * sizeof(T), &lane, sizeof(T));
  }
}

// Offsets from the least value, compared as int64, in the fewest bytes.
template <typename Value>
void AppendLanes(std::span<const Value> values, std::vector<std::byte>& body) {
  int64_t least = std::numeric_limits<int64_t>::max();
  int64_t greatest = std::numeric_limits<int64_t>::min();
  for (const Value value : values) {
    least = std::min(least, static_cast<int64_t>(value));
    greatest = std::max(greatest, static_cast<int64_t>(value));
  }
  const auto base = static_cast<uint64_t>(least);
  const uint64_t range = static_cast<uint64_t>(greatest) - base;
  const uint8_t bytes = range == 0            ? 0
                        : range <= UINT8_MAX  ? 1
                        : range <= UINT16_MAX ? 2
                        : range <= UINT32_MAX ? 4
                                              : 8;
  AppendInteger(bytes, body);
  AppendInteger(base, body);
  switch (bytes) {
    case 1: return AppendOffsets<uint8_t>(values, base, body);
    case 2: return AppendOffsets<uint16_t>(values, base, body);
    case 4: return AppendOffsets<uint32_t>(values, base, body);
    case 8: return AppendOffsets<uint64_t>(values, base, body);
    default: return;
  }
}

template <typename T, typename Value>
void ReadOffsets(std::span<const std::byte> bytes, uint64_t base, std::span<Value> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    T lane;
    std::memcpy(&lane, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Value>(base + lane);
  }
}

template <typename Value>
Status ReadLanes(ByteReader& reader, std::span<Value> values) {
  STRIA_ASSIGN_OR_RETURN(const auto bytes, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto base, reader.Read<uint64_t>());
  if (bytes != 0 && (!std::has_single_bit(bytes) || bytes > 8)) {
    return Corruption("lanes of {} bytes", bytes);
  }
  STRIA_ASSIGN_OR_RETURN(const auto lanes, reader.ReadBytes(values.size() * bytes));
  switch (bytes) {
    case 1: ReadOffsets<uint8_t>(lanes, base, values); break;
    case 2: ReadOffsets<uint16_t>(lanes, base, values); break;
    case 4: ReadOffsets<uint32_t>(lanes, base, values); break;
    case 8: ReadOffsets<uint64_t>(lanes, base, values); break;
    default: std::ranges::fill(values, static_cast<Value>(base)); break;
  }
  return Status::Ok();
}

// The integers of a column of doubles that are decimals of one scale.
std::optional<DecimalScale> FindDecimals(const ColumnRows& column,
                                         std::vector<uint64_t>& integers) {
  if (column.type != DataType::kFloat64 || column.bits.empty()) return std::nullopt;
  integers.resize(column.bits.size());
  return ToExactDecimals(column.bits, integers);
}

Status ReadDecimals(ByteReader& reader, std::span<uint64_t> bits) {
  STRIA_ASSIGN_OR_RETURN(const auto digits, reader.Read<uint8_t>());
  if (digits > kMaxDecimalDigits)
    return Corruption("decimals of {} digits after the point", digits);
  STRIA_RETURN_IF_ERROR(ReadLanes(reader, bits));
  for (auto& value : bits) {
    const auto integer = static_cast<int64_t>(value);
    if (integer > kMaxDecimal || integer < -kMaxDecimal) return Corruption("decimal {}", integer);
    value = std::bit_cast<uint64_t>(DecimalValue(static_cast<double>(integer), {digits}));
  }
  return Status::Ok();
}

void AppendColumn(const ColumnRows& column, size_t num_rows, std::vector<std::byte>& body) {
  AppendVarint(column.id.value(), body);
  AppendInteger(static_cast<uint8_t>(column.type), body);
  std::vector<uint64_t> integers;
  const auto scale = FindDecimals(column, integers);
  AppendInteger<uint8_t>((column.validity.empty() ? 0 : kHasNulls) | (scale ? kIsDecimal : 0),
                         body);
  if (!column.validity.empty()) {
    std::vector<std::byte> bitmap((num_rows + 7) / 8);
    for (size_t row = 0; row < num_rows; ++row) {
      if (column.validity[row] != 0) bitmap[row / 8] |= std::byte{1} << (row % 8);
    }
    AppendBytes(bitmap, body);
  }
  if (scale) {
    AppendInteger(scale->digits, body);
    AppendLanes(std::span<const uint64_t>(integers), body);
    return;
  }
  if (column.type != DataType::kString) {
    AppendLanes(std::span<const uint64_t>(column.bits), body);
    return;
  }
  std::vector<uint64_t> lengths;
  lengths.reserve(num_rows);
  for (const auto string : column.strings)
    lengths.push_back(string.size());
  AppendLanes(std::span<const uint64_t>(lengths), body);
  for (const auto string : column.strings)
    AppendBytes(AsBytes(string), body);
}

Result<ColumnRows> ReadColumn(ByteReader& reader, size_t num_rows) {
  ColumnRows column;
  STRIA_ASSIGN_OR_RETURN(const auto id, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(const auto type, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto form, reader.Read<uint8_t>());
  if (id > UINT32_MAX || form > (kHasNulls | kIsDecimal) ||
      type < static_cast<uint8_t>(DataType::kFloat64) ||
      type > static_cast<uint8_t>(DataType::kString) ||
      ((form & kIsDecimal) != 0 && type != static_cast<uint8_t>(DataType::kFloat64))) {
    return Corruption("column {} of type {} in form {}", id, type, form);
  }
  column.id = ColumnId(static_cast<uint32_t>(id));
  column.type = static_cast<DataType>(type);
  if ((form & kHasNulls) != 0) {
    STRIA_ASSIGN_OR_RETURN(const auto bitmap, reader.ReadBytes((num_rows + 7) / 8));
    column.validity.resize(num_rows);
    for (size_t row = 0; row < num_rows; ++row) {
      column.validity[row] = (std::to_integer<unsigned>(bitmap[row / 8]) >> (row % 8)) & 1;
    }
  }
  column.bits.resize(num_rows);
  if ((form & kIsDecimal) != 0) {
    STRIA_RETURN_IF_ERROR(ReadDecimals(reader, column.bits));
    return column;
  }
  STRIA_RETURN_IF_ERROR(ReadLanes(reader, std::span<uint64_t>(column.bits)));
  if (column.type != DataType::kString) return column;
  column.strings.resize(num_rows);
  for (size_t row = 0; row < num_rows; ++row) {
    if (column.bits[row] > reader.num_remaining())
      return Corruption("string of {} bytes", column.bits[row]);
    STRIA_ASSIGN_OR_RETURN(const auto bytes,
                           reader.ReadBytes(static_cast<size_t>(column.bits[row])));
    column.strings[row] = AsText(bytes);
  }
  column.bits.clear();
  return column;
}

Result<TableRows> ReadTable(ByteReader& reader) {
  TableRows rows;
  STRIA_ASSIGN_OR_RETURN(const auto table, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(const auto num_rows, reader.ReadVarint());
  // Constant lanes take no bytes a row, so the rows are bounded by what a batch may have.
  constexpr uint64_t kMaxRows = uint64_t{1} << 27;
  if (table > UINT32_MAX || num_rows > kMaxRows)
    return Corruption("{} rows of table {}", num_rows, table);
  rows.table = TableId(static_cast<uint32_t>(table));
  rows.series.resize(static_cast<size_t>(num_rows));
  rows.times.resize(static_cast<size_t>(num_rows));
  STRIA_RETURN_IF_ERROR(ReadLanes(reader, std::span<uint32_t>(rows.series)));
  STRIA_RETURN_IF_ERROR(ReadLanes(reader, std::span<int64_t>(rows.times)));
  uint64_t time = 0;
  for (auto& value : rows.times) {
    time += static_cast<uint64_t>(value);
    value = static_cast<int64_t>(time);
  }
  STRIA_ASSIGN_OR_RETURN(const auto num_columns, reader.ReadVarint());
  if (num_columns > reader.num_remaining()) return Corruption("{} columns", num_columns);
  for (uint64_t i = 0; i < num_columns; ++i) {
    STRIA_ASSIGN_OR_RETURN(auto column, ReadColumn(reader, rows.num_rows()));
    rows.columns.push_back(std::move(column));
  }
  return rows;
}

void AppendTable(const TableRows& rows, std::vector<std::byte>& body) {
  AppendVarint(rows.table.value(), body);
  AppendVarint(rows.num_rows(), body);
  AppendLanes(std::span<const uint32_t>(rows.series), body);
  std::vector<uint64_t> differences(rows.num_rows());
  uint64_t previous = 0;
  for (size_t row = 0; row < rows.num_rows(); ++row) {
    const auto time = static_cast<uint64_t>(rows.times[row]);
    differences[row] = time - previous;
    previous = time;
  }
  AppendLanes(std::span<const uint64_t>(differences), body);
  AppendVarint(rows.columns.size(), body);
  for (const auto& column : rows.columns)
    AppendColumn(column, rows.num_rows(), body);
}

// What a record takes when most values fit a byte or two: a guess that spares growing.
size_t ExpectedBytes(const RowsRecord& record, std::span<const TableRows* const> tables) {
  constexpr size_t kBytesARow = 12;
  constexpr size_t kBytesAValue = 2;
  size_t bytes = 1024;
  for (const auto& series : record.series)
    bytes += series.key.size() + 16;
  for (const TableRows* rows : tables)
    bytes += rows->num_rows() * (kBytesARow + kBytesAValue * rows->columns.size());
  return bytes;
}

// Appends how `body` is packed, its size and what is left of it. It is packed where it is to lie.
void AppendPacked(std::span<const std::byte> body, std::vector<std::byte>& payload) {
  const size_t begin = payload.size();
  if (body.size() <= static_cast<size_t>(LZ4_MAX_INPUT_SIZE)) {
    const int most = LZ4_compressBound(static_cast<int>(body.size()));
    payload.reserve(begin + 16 + static_cast<size_t>(most));
    AppendInteger<uint8_t>(1, payload);
    AppendVarint(body.size(), payload);
    const size_t packed_begin = payload.size();
    payload.resize(packed_begin + static_cast<size_t>(most));
    const int packed_bytes =
        LZ4_compress_fast(reinterpret_cast<const char*>(body.data()),
                          reinterpret_cast<char*>(payload.data() + packed_begin),
                          static_cast<int>(body.size()), most, kAcceleration);
    if (packed_bytes > 0 && static_cast<size_t>(packed_bytes) < body.size()) {
      payload.resize(packed_begin + static_cast<size_t>(packed_bytes));
      return;
    }
    payload.resize(begin);
  }
  AppendInteger<uint8_t>(0, payload);
  AppendVarint(body.size(), payload);
  AppendBytes(body, payload);
}

}  // namespace

void EncodeRowsRecord(const RowsRecord& record, std::span<const TableRows* const> tables,
                      std::vector<std::byte>& payload) {
  std::vector<std::byte> body;
  body.reserve(ExpectedBytes(record, tables));
  AppendInteger(record.batch_id, body);
  AppendVarint(record.shards.size(), body);
  for (const auto& [shard, seq] : record.shards) {
    AppendVarint(shard, body);
    AppendVarint(seq, body);
  }
  AppendVarint(record.series.size(), body);
  for (const auto& series : record.series) {
    AppendVarint(series.table.value(), body);
    AppendVarint(series.id.value(), body);
    AppendString(series.key, body);
  }
  AppendVarint(tables.size(), body);
  for (const TableRows* rows : tables)
    AppendTable(*rows, body);
  AppendPacked(body, payload);
}

Result<RowsRecord> DecodeRowsRecord(std::span<const std::byte> payload) {
  ByteReader head(payload);
  STRIA_ASSIGN_OR_RETURN(const auto packed, head.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto size, head.ReadVarint());
  const auto bytes = head.rest();
  auto body = std::make_shared<std::vector<std::byte>>();
  if (packed == 0) {
    if (size != bytes.size()) return Corruption("{} bytes of rows, want {}", bytes.size(), size);
    body->assign(bytes.begin(), bytes.end());
  } else if (packed == 1) {
    if (size > kMaxBodyBytes || size / kMaxPackingRatio > bytes.size()) {
      return Corruption("{} bytes of rows cannot unpack to {}", bytes.size(), size);
    }
    body->resize(static_cast<size_t>(size));
    const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(bytes.data()),
                                        reinterpret_cast<char*>(body->data()),
                                        static_cast<int>(bytes.size()), static_cast<int>(size));
    if (got < 0 || static_cast<uint64_t>(got) != size) return Corruption("damaged LZ4 block");
  } else {
    return Corruption("rows packed in way {}", packed);
  }

  RowsRecord record;
  ByteReader reader(*body);
  STRIA_ASSIGN_OR_RETURN(record.batch_id, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto num_shards, reader.ReadVarint());
  for (uint64_t i = 0; i < num_shards; ++i) {
    ShardSeq place;
    STRIA_ASSIGN_OR_RETURN(const auto shard, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(place.seq, reader.ReadVarint());
    if (shard > UINT32_MAX) return Corruption("shard {}", shard);
    place.shard = static_cast<uint32_t>(shard);
    record.shards.push_back(place);
  }
  STRIA_ASSIGN_OR_RETURN(const auto num_series, reader.ReadVarint());
  for (uint64_t i = 0; i < num_series; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto table, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto id, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto key, reader.ReadString());
    if (table > UINT32_MAX || id > UINT32_MAX)
      return Corruption("series {} of table {}", id, table);
    record.series.push_back({TableId(static_cast<uint32_t>(table)),
                             SeriesId(static_cast<uint32_t>(id)), std::string(key)});
  }
  STRIA_ASSIGN_OR_RETURN(const auto num_tables, reader.ReadVarint());
  for (uint64_t i = 0; i < num_tables; ++i) {
    STRIA_ASSIGN_OR_RETURN(auto rows, ReadTable(reader));
    rows.keep_alive.push_back(body);
    record.tables.push_back(std::move(rows));
  }
  if (!reader.empty()) return Corruption("bytes after the last table: {}", reader.num_remaining());
  return record;
}

}  // namespace stria::storage
