#include "tools/admin/log_dump.h"

#include <filesystem>
#include <utility>

#include <fmt/core.h>

#include "storage/base/errors.h"
#include "storage/catalog/catalog.h"
#include "storage/io/numbered_log.h"
#include "storage/manifest/version.h"
#include "storage/series/series_file.h"
#include "storage/types/series_key.h"
#include "storage/wal/delete_record.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_format.h"
#include "tools/admin/read_only_files.h"
#include "tools/admin/time_text.h"

namespace stria::admin {
namespace {

using storage::NumberedLog;

std::string DescribeRows(std::span<const std::byte> payload) {
  const auto record = storage::DecodeRowsRecord(payload);
  if (!record) return "cannot be decoded: " + std::string(record.error().message());
  std::string text = fmt::format("batch {:016x}", record->batch_id);
  for (const auto& place : record->shards)
    text += fmt::format(", shard {} record {}", place.shard, place.seq);
  if (!record->series.empty()) text += fmt::format(", {} new series", record->series.size());
  for (const auto& rows : record->tables) {
    text += fmt::format(", table {}: {} rows, {} columns", rows.table.value(), rows.num_rows(),
                        rows.columns.size());
  }
  return text;
}

std::string DescribeTombstone(const storage::Tombstone& tombstone) {
  std::string text = fmt::format("table {}", tombstone.table.value());
  const TimeRange all;
  if (tombstone.time.begin != all.begin) text += " from " + TimeText(tombstone.time.begin);
  if (!tombstone.time.unbounded_above()) text += " to before " + TimeText(tombstone.time.end);
  for (const auto& predicate : tombstone.tags) {
    text +=
        fmt::format(", tag \"{}\" by operator {}", predicate.tag, static_cast<int>(predicate.op));
    for (const auto& value : predicate.values)
      text += fmt::format(" \"{}\"", value);
    if (predicate.has_low) text += fmt::format(" low \"{}\"", predicate.low);
    if (predicate.has_high) text += fmt::format(" high \"{}\"", predicate.high);
  }
  return text;
}

std::string DescribeDelete(std::span<const std::byte> payload) {
  const auto record = storage::DecodeDeleteRecord(payload);
  if (!record) return "cannot be decoded: " + std::string(record.error().message());
  std::string text = fmt::format("batch {:016x}", record->batch_id);
  for (const auto& place : record->shards)
    text += fmt::format(", shard {} record {}", place.shard, place.seq);
  return text + ", " + DescribeTombstone(record->tombstone);
}

std::string DescribeFrame(const storage::WalFrame& frame) {
  switch (frame.type) {
    case storage::WalRecordType::kRows: return "rows, " + DescribeRows(frame.payload);
    case storage::WalRecordType::kDelete: return "delete, " + DescribeDelete(frame.payload);
    case storage::WalRecordType::kFence: return "fence";
  }
  return fmt::format("type {}", static_cast<int>(frame.type));
}

// The number of the record and its bytes.
Result<NumberedLog::Record> ReadRecord(storage::FileSystem& files, const std::string& path) {
  const auto name = std::filesystem::path(path).filename().string();
  const auto number = NumberedLog::ParseName(name);
  if (!number.has_value()) {
    return InvalidArgument("{}: the name of a record is its number, in 20 digits", path);
  }
  return NumberedLog::ReadRecord(files, path, *number);
}

std::string Title(const std::string& path, const NumberedLog::Record& record) {
  return fmt::format("{}: record {}, {}, {} bytes of payload\n", path, record.number,
                     record.kind == NumberedLog::Kind::kSnapshot ? "snapshot" : "edit",
                     record.payload.size());
}

std::string PartLine(const storage::PartMeta& part) {
  return fmt::format(
      "  part {} at {}: {} bytes, table {}, {} rows in {} runs, {} to {}, records {} to {}, "
      "deletes "
      "to {}, level {}\n",
      part.file, part.offset, part.length, part.table.value(), part.num_rows, part.num_runs,
      TimeText(part.min_time), TimeText(part.max_time), part.seq_min, part.seq_max,
      part.applied_deletes(), part.level);
}

}  // namespace

Result<std::string> DumpWalSegment(storage::FileSystem& files, const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(const auto bytes, storage::ReadFile(files, path));
  const auto header = storage::DecodeAnyWalSegmentHeader(bytes);
  if (!header.has_value()) {
    const auto version = storage::WalSegmentVersion(bytes);
    if (version.has_value()) {
      return Corruption("{}: the header of the segment is damaged, or of version {}", path,
                        *version);
    }
    return Corruption("{}: no segment of a log, or one that was never used", path);
  }
  std::string text =
      fmt::format("{}: {} bytes, shard {}, segment {}, epoch {}, nonce {:016x}, first record {}\n",
                  path, bytes.size(), header->shard, header->segment, header->epoch, header->nonce,
                  header->first_seq);
  size_t offset = storage::kWalBlockBytes, bad_from = 0;
  uint64_t num_frames = 0;
  while (offset < bytes.size()) {
    const auto frame = storage::DecodeWalFrame(std::span(bytes).subspan(offset), header->nonce);
    if (!frame.has_value()) {
      // The padding behind a group, the end, or damage: frames go on at a block.
      if (bad_from == 0 && offset % storage::kWalBlockBytes == 0) bad_from = offset;
      offset = storage::RoundUpToWalBlock(offset + 1);
      continue;
    }
    if (bad_from != 0) text += fmt::format("  offset {:>9}: no whole frame from here\n", bad_from);
    bad_from = 0;
    text += fmt::format("  offset {:>9}: record {}, durable {}, {} bytes, {}\n", offset, frame->seq,
                        frame->durable, frame->bytes, DescribeFrame(*frame));
    offset += frame->bytes;
    ++num_frames;
  }
  text += bad_from != 0 ? fmt::format("  {} frames; no frame from offset {} to the end\n",
                                      num_frames, bad_from)
                        : fmt::format("  {} frames, to the end\n", num_frames);
  return text;
}

Result<std::string> DumpManifestRecord(storage::FileSystem& files, const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(const auto record, ReadRecord(files, path));
  const auto edit = storage::DecodeVersionEdit(record.payload);
  if (!edit) return edit.error().WithContext(path);
  std::string text = Title(path, record);
  if (edit->start.has_value()) {
    text += fmt::format("  start: epoch {}, owner {:016x}, accepted record {}, {} void\n",
                        edit->start->epoch, edit->start->owner, edit->start->accepted_seq,
                        edit->start->void_seqs.size());
  }
  if (edit->wal_low.has_value()) text += fmt::format("  wal_low: {}\n", *edit->wal_low);
  for (const auto& [epoch, seq] : edit->accepted_seqs)
    text += fmt::format("  epoch {} ended at record {}\n", epoch, seq);
  for (const auto& [table, seq] : edit->flushed_seqs)
    text += fmt::format("  table {}: flushed to record {}\n", table.value(), seq);
  for (const auto& part : edit->added)
    text += PartLine(part);
  for (const auto& [file, offset] : edit->removed)
    text += fmt::format("  removed {} at {}\n", file, offset);
  for (const auto& tombstone : edit->tombstones)
    text += fmt::format("  tombstone {}: {}\n", tombstone.seq, DescribeTombstone(tombstone));
  for (const uint64_t seq : edit->removed_tombstones)
    text += fmt::format("  tombstone {} is obsolete\n", seq);
  for (const TableId table : edit->dropped_tables)
    text += fmt::format("  table {} is dropped\n", table.value());
  if (edit->replaces_series_files) text += "  series files before are obsolete\n";
  for (const auto& file : edit->series_files)
    text += fmt::format("  series file {}\n", file);
  return text;
}

Result<std::string> DumpCatalogRecord(storage::FileSystem& files, const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(const auto record, ReadRecord(files, path));
  const std::filesystem::path place(path);
  const auto directory = place.has_parent_path() ? place.parent_path().string() : ".";
  ReadOnlyFiles until(files, place.filename().string());
  storage::Catalog catalog(until, directory);
  STRIA_RETURN_IF_ERROR(catalog.Open(0, {}));
  const auto snapshot = catalog.current();
  std::string text = Title(path, record);
  text += fmt::format("  {} shards, lineage {:016x}{:016x}\n", snapshot->num_shards(),
                      snapshot->lineage().high, snapshot->lineage().low);
  for (const auto& database : snapshot->databases()) {
    text += fmt::format("  database {} \"{}\"\n", database.id.value(), database.name);
    for (const auto& table : snapshot->Tables(database.name)) {
      text += fmt::format("    table {} \"{}\", partition {} s\n", table->id.value(), table->name,
                          table->partition_ns / 1'000'000'000);
      if (table->limits.max_series != 0)
        text += fmt::format("      max_series {}\n", table->limits.max_series);
      if (table->limits.max_columns != 0)
        text += fmt::format("      max_columns {}\n", table->limits.max_columns);
      for (const auto& column : table->columns) {
        text += fmt::format("      column {} \"{}\" {} {}\n", column.id.value(), column.name,
                            ColumnRoleName(column.role), DataTypeName(column.type));
      }
    }
  }
  return text;
}

Result<std::string> DumpSeriesFile(storage::FileSystem& files, const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(const auto bytes, storage::ReadFile(files, path));
  const auto series = storage::DecodeSeriesFile(bytes);
  if (!series) return series.error().WithContext(path);
  std::string text = fmt::format("{}: {} bytes, {} series\n", path, bytes.size(), series->size());
  for (const auto& one : *series) {
    text += fmt::format("  table {} series {}: {}\n", one.table.value(), one.id.value(),
                        FormatSeriesKey(one.key));
  }
  return text;
}

}  // namespace stria::admin
