#include "tests/fuzz/reader_check.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <fmt/core.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/catalog/catalog.h"
#include "storage/format/part_footer.h"
#include "storage/format/zone_map.h"
#include "storage/io/numbered_log.h"
#include "storage/manifest/version.h"
#include "storage/series/series_file.h"
#include "storage/wal/delete_record.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_reader.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using Input = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

// Whether what was read is written, read and written again in the same bytes.
template <typename Decode, typename Encode>
std::string Again(Input input, const Decode& decode, const Encode& encode) {
  const auto first = decode(input);
  if (!first) return {};
  Bytes once, twice;
  encode(*first, once);
  const auto second = decode(once);
  if (!second) return "what it writes is not read: " + second.error().ToString();
  encode(*second, twice);
  return once == twice ? "" : "it writes other bytes the second time";
}

std::string CheckVersionEdit(Input input) {
  return Again(input, DecodeVersionEdit, EncodeVersionEdit);
}

std::string CheckPartFooter(Input input) {
  constexpr uint64_t kBlocksEnd = 1 << 20;
  return Again(
      input, [](Input bytes) { return DecodePartFooter(bytes, kBlocksEnd); }, EncodePartFooter);
}

std::string CheckDeleteRecord(Input input) {
  return Again(input, DecodeDeleteRecord, EncodeDeleteRecord);
}

std::string CheckRowsRecord(Input input) {
  const auto encode = [](const RowsRecord& record, Bytes& payload) {
    std::vector<const TableRows*> tables;
    for (const auto& table : record.tables)
      tables.push_back(&table);
    EncodeRowsRecord(record, tables, payload);
  };
  return Again(input, DecodeRowsRecord, encode);
}

// As it is, and as a file of version 1, which ends in a checksum of all of it.
std::string CheckSeriesFile(Input input) {
  Bytes checked(input.begin(), input.end());
  AppendInteger(Checksum(checked), checked);
  for (const Input file : {input, Input(checked)}) {
    std::map<TableId, TableSeriesIndex> indexes;
    const Status loaded =
        LoadSeriesFile(file, [&](TableId table) -> TableSeriesIndex& { return indexes[table]; });
    const auto series = DecodeSeriesFile(file);
    if (!loaded.ok() || !series) continue;
    uint64_t num_series = 0;
    for (const auto& [table, index] : indexes)
      num_series += index.num_series();
    if (num_series != series->size()) return "an index gets other series than are listed";
  }
  return {};
}

// The first byte says of which type, the second of how many vectors.
std::string CheckZoneMaps(Input input) {
  if (input.size() < 2) return {};
  constexpr std::array kTypes = {DataType::kInt64, DataType::kUint64, DataType::kFloat64,
                                 DataType::kBool, DataType::kString};
  const DataType type = kTypes[static_cast<size_t>(input[0]) % kTypes.size()];
  std::vector<ZoneMap> zones(static_cast<size_t>(input[1]));
  static_cast<void>(DecodeZoneMaps(input.subspan(2), type, zones));
  return {};
}

// One record of a catalog, or two: the first byte says where the second one begins.
std::string CheckCatalog(Input input) {
  if (input.empty()) return {};
  FaultFileSystem files;
  const Input records = input.subspan(1);
  const size_t size = std::min(static_cast<size_t>(input[0]), records.size());
  {
    NumberedLog log(files, "catalog");
    const auto ignore = [](NumberedLog::Kind, Input) { return Status::Ok(); };
    if (!log.Open(ignore).ok() || !log.AppendEdit(records.first(size)).ok() ||
        !log.AppendEdit(records.subspan(size)).ok()) {
      return "the log of the catalog cannot be written";
    }
  }
  Catalog catalog(files, "catalog");
  if (!catalog.Open(1, {1, 2}).ok()) return {};
  const auto snapshot = catalog.current();
  for (const auto& table : snapshot->Tables()) {
    if (snapshot->Find(table->id) != table || table->id.value() >= snapshot->next_table_id()) {
      return fmt::format("table {} is not found by its number", table->name);
    }
  }
  return {};
}

// A segment of the log: frames of a kind and a length that the input gives, their numbers mostly
// one after the other, and bytes of the input between them.
Bytes MakeSegment(Input input) {
  constexpr uint64_t kNonce = 77;
  Bytes segment = EncodeWalSegmentHeader(
      {.shard = 0, .segment = 1, .epoch = 1, .nonce = kNonce, .first_seq = 1});
  ByteReader reader(input);
  uint64_t seq = 1;
  while (const auto kind = reader.Read<uint8_t>()) {
    const size_t length = std::min<size_t>(*kind / 8 * 20, reader.num_remaining());
    const auto bytes = *reader.ReadBytes(length);
    if (*kind % 8 == 0) {
      AppendBytes(bytes, segment);
    } else if (*kind % 8 == 1) {
      segment.resize(RoundUpToWalBlock(segment.size()));
    } else {
      if (*kind % 8 == 2) seq += 2;
      if (*kind % 8 == 3) seq = std::max<uint64_t>(seq, 2) - 1;
      AppendWalFrame(WalRecordType::kRows, seq, *kind % 8 == 4 ? 0 : seq - 1, kNonce, bytes,
                     segment);
      ++seq;
    }
  }
  segment.resize(RoundUpToWalBlock(segment.size()));
  return segment;
}

std::string CheckLog(Input input) {
  const Bytes segment = MakeSegment(input);
  for (const auto policy : {WalDamagePolicy::kRefuse, WalDamagePolicy::kReport}) {
    FaultFileSystem files;
    files.Put("wal/" + WalSegmentName(1), segment);
    uint64_t last = 0;
    bool ascends = true;
    const auto visit = [&](const WalFrame& frame) {
      ascends = ascends && frame.seq > last;
      last = frame.seq;
      return Status::Ok();
    };
    const auto recovery = RecoverWal(files, "wal", 0, {}, 1, visit, policy);
    if (!ascends) return "records are not visited in their order";
    if (policy == WalDamagePolicy::kReport && !recovery) {
      return "damage is not read around: " + recovery.error().ToString();
    }
    if (recovery && recovery->last_seq < last) return "a record above the last one was visited";
  }
  return {};
}

constexpr std::array kChecks = {
    ReaderCheck{"catalog", CheckCatalog},
    ReaderCheck{"delete_record", CheckDeleteRecord},
    ReaderCheck{"log", CheckLog},
    ReaderCheck{"part_footer", CheckPartFooter},
    ReaderCheck{"rows_record", CheckRowsRecord},
    ReaderCheck{"series_file", CheckSeriesFile},
    ReaderCheck{"version_edit", CheckVersionEdit},
    ReaderCheck{"zone_maps", CheckZoneMaps},
};

}  // namespace

std::span<const ReaderCheck> ReaderChecks() {
  return kChecks;
}

}  // namespace stria::storage
