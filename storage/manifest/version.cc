#include "storage/manifest/version.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/format/tombstone_format.h"

namespace stria::storage {
namespace {

constexpr size_t kMaxAcceptedSeqs = 64;

// What an edit may contain; each present field is preceded by its tag. Append, never renumber.
enum class Field : uint8_t {
  kStart = 1,
  kWalLow = 2,
  kFlushedSeqs = 3,
  kAdded = 4,
  kRemoved = 5,
  kSeriesFiles = 6,
  kReplacesSeriesFiles = 7,
  kAcceptedSeqs = 8,
  kTombstones = 9,
  kRemovedTombstones = 10,
  kDroppedTables = 11,
};

void AppendField(Field field, std::vector<std::byte>& encoded) {
  AppendInteger(static_cast<uint8_t>(field), encoded);
}

void AppendPart(const PartMeta& part, std::vector<std::byte>& encoded) {
  AppendString(part.file, encoded);
  AppendVarint(part.offset, encoded);
  AppendVarint(part.length, encoded);
  AppendVarint(part.table.value(), encoded);
  AppendVarint(part.num_rows, encoded);
  AppendVarint(part.num_runs, encoded);
  AppendInteger(part.min_time, encoded);
  AppendInteger(part.max_time, encoded);
  AppendVarint(part.seq_min, encoded);
  AppendVarint(part.seq_max, encoded);
  AppendVarint(part.deletes_seq, encoded);
  AppendInteger(part.level, encoded);
}

Result<uint32_t> ReadSmall(ByteReader& reader) {
  STRIA_ASSIGN_OR_RETURN(const auto value, reader.ReadVarint());
  if (value > UINT32_MAX) return Corruption("number {} is too large", value);
  return static_cast<uint32_t>(value);
}

// A name is appended to a directory's path; it must not lead out of it.
Status CheckFileName(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) {
    return Corruption("file named \"{}\"", name);
  }
  return Status::Ok();
}

Result<PartMeta> ReadPart(ByteReader& reader) {
  PartMeta part;
  STRIA_ASSIGN_OR_RETURN(part.file, reader.ReadString());
  STRIA_ASSIGN_OR_RETURN(part.offset, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(part.length, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(const auto table, ReadSmall(reader));
  part.table = TableId(table);
  STRIA_ASSIGN_OR_RETURN(part.num_rows, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(part.num_runs, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(part.min_time, reader.Read<int64_t>());
  STRIA_ASSIGN_OR_RETURN(part.max_time, reader.Read<int64_t>());
  STRIA_ASSIGN_OR_RETURN(part.seq_min, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(part.seq_max, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(part.deletes_seq, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(part.level, reader.Read<uint8_t>());
  STRIA_RETURN_IF_ERROR(CheckFileName(part.file));
  if (part.min_time > part.max_time || part.seq_min > part.seq_max) {
    return Corruption("part {} at {}: times {} to {}, records {} to {}", part.file, part.offset,
                      part.min_time, part.max_time, part.seq_min, part.seq_max);
  }
  return part;
}

Status ReadStart(ByteReader& reader, VersionEdit& edit) {
  EpochStart start;
  STRIA_ASSIGN_OR_RETURN(start.epoch, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(start.owner, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(start.accepted_seq, reader.ReadVarint());
  STRIA_ASSIGN_OR_RETURN(const auto count, reader.ReadVarint());
  for (uint64_t i = 0; i < count; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto seq, reader.ReadVarint());
    start.void_seqs.push_back(seq);
  }
  edit.start = std::move(start);
  return Status::Ok();
}

Status ReadField(ByteReader& reader, VersionEdit& edit) {
  STRIA_ASSIGN_OR_RETURN(const auto field, reader.Read<uint8_t>());
  if (field == static_cast<uint8_t>(Field::kStart)) return ReadStart(reader, edit);
  if (field == static_cast<uint8_t>(Field::kWalLow)) {
    STRIA_ASSIGN_OR_RETURN(edit.wal_low, reader.ReadVarint());
    return Status::Ok();
  }
  if (field == static_cast<uint8_t>(Field::kReplacesSeriesFiles)) {
    edit.replaces_series_files = true;
    return Status::Ok();
  }
  if (field < static_cast<uint8_t>(Field::kFlushedSeqs) ||
      field > static_cast<uint8_t>(Field::kDroppedTables)) {
    return Corruption("field {} is not known", field);
  }
  STRIA_ASSIGN_OR_RETURN(const auto count, reader.ReadVarint());
  for (uint64_t i = 0; i < count; ++i) {
    switch (static_cast<Field>(field)) {
      case Field::kFlushedSeqs: {
        STRIA_ASSIGN_OR_RETURN(const auto table, ReadSmall(reader));
        STRIA_ASSIGN_OR_RETURN(const auto seq, reader.ReadVarint());
        edit.flushed_seqs.emplace_back(TableId(table), seq);
        break;
      }
      case Field::kAdded: {
        STRIA_ASSIGN_OR_RETURN(auto part, ReadPart(reader));
        edit.added.push_back(std::move(part));
        break;
      }
      case Field::kRemoved: {
        STRIA_ASSIGN_OR_RETURN(const auto file, reader.ReadString());
        STRIA_ASSIGN_OR_RETURN(const auto offset, reader.ReadVarint());
        edit.removed.emplace_back(file, offset);
        break;
      }
      case Field::kSeriesFiles: {
        STRIA_ASSIGN_OR_RETURN(const auto name, reader.ReadString());
        STRIA_RETURN_IF_ERROR(CheckFileName(name));
        edit.series_files.emplace_back(name);
        break;
      }
      case Field::kAcceptedSeqs: {
        STRIA_ASSIGN_OR_RETURN(const auto epoch, reader.ReadVarint());
        STRIA_ASSIGN_OR_RETURN(const auto seq, reader.ReadVarint());
        edit.accepted_seqs.emplace_back(epoch, seq);
        break;
      }
      case Field::kTombstones: {
        STRIA_ASSIGN_OR_RETURN(const auto seq, reader.ReadVarint());
        STRIA_ASSIGN_OR_RETURN(auto tombstone, ReadTombstone(reader));
        tombstone.seq = seq;
        edit.tombstones.push_back(std::move(tombstone));
        break;
      }
      case Field::kRemovedTombstones: {
        STRIA_ASSIGN_OR_RETURN(const auto seq, reader.ReadVarint());
        edit.removed_tombstones.push_back(seq);
        break;
      }
      case Field::kDroppedTables: {
        STRIA_ASSIGN_OR_RETURN(const auto table, ReadSmall(reader));
        edit.dropped_tables.emplace_back(table);
        break;
      }
      case Field::kStart:
      case Field::kWalLow:
      case Field::kReplacesSeriesFiles: break;  // Read above.
    }
  }
  return Status::Ok();
}

// The parts of a table, so that those of a range of time are found among thousands.
class PartsByTime {
 public:
  explicit PartsByTime(const std::vector<PartMeta>& parts) {
    for (const auto& part : parts)
      parts_.push_back({&part, part.max_time});
    std::ranges::sort(parts_, {}, [](const Entry& entry) { return entry.part->min_time; });
    for (size_t i = 1; i < parts_.size(); ++i)
      parts_[i].max_so_far = std::max(parts_[i].max_so_far, parts_[i - 1].max_so_far);
  }

  // Whether a part in the range of the tombstone does not have it applied.
  bool Need(const Tombstone& tombstone) const {
    const auto end =
        tombstone.time.unbounded_above()
            ? parts_.end()
            : std::ranges::lower_bound(parts_, tombstone.time.end, {},
                                       [](const Entry& entry) { return entry.part->min_time; });
    for (auto entry = end; entry != parts_.begin();) {
      --entry;
      if (entry->max_so_far < tombstone.time.begin) break;
      if (entry->part->max_time >= tombstone.time.begin &&
          entry->part->applied_deletes() < tombstone.seq) {
        return true;
      }
    }
    return false;
  }

 private:
  struct Entry {
    const PartMeta* part = nullptr;
    int64_t max_so_far = 0;  // The greatest time of this part and those before it.
  };
  std::vector<Entry> parts_;  // Ascending by their least time.
};

// Adds and removes tombstones; `change` gives the copy of a table that may be changed.
template <typename Change>
Status ApplyTombstones(const VersionEdit& edit, const Version& before, const Change& change) {
  for (const auto& tombstone : edit.tombstones) {
    auto& tombstones = change(tombstone.table).tombstones;
    const auto place = std::ranges::lower_bound(tombstones, tombstone.seq, {}, &Tombstone::seq);
    if (place != tombstones.end() && place->seq == tombstone.seq) {
      return Corruption("an edit adds tombstone {}, which is there", tombstone.seq);
    }
    tombstones.insert(place, tombstone);
  }
  const std::set<uint64_t> removed(edit.removed_tombstones.begin(), edit.removed_tombstones.end());
  if (removed.empty()) return Status::Ok();
  std::set<TableId> with_tombstones;
  for (const auto& [table, table_parts] : before.tables) {
    if (!table_parts->tombstones.empty()) with_tombstones.insert(table);
  }
  for (const auto& tombstone : edit.tombstones)
    with_tombstones.insert(tombstone.table);
  size_t num_removed = 0;
  for (const TableId table : with_tombstones) {
    num_removed += std::erase_if(change(table).tombstones, [&](const Tombstone& tombstone) {
      return removed.contains(tombstone.seq);
    });
  }
  if (num_removed != removed.size()) {
    return Corruption("an edit removes a tombstone that is not there");
  }
  return Status::Ok();
}

}  // namespace

const TableParts& Version::PartsOf(TableId table) const {
  static const TableParts kNone;
  const auto found = tables.find(table);
  return found == tables.end() ? kNone : *found->second;
}

std::vector<uint64_t> Version::ObsoleteTombstones() const {
  std::vector<uint64_t> obsolete;
  for (const auto& [table, table_parts] : tables) {
    if (table_parts->tombstones.empty()) continue;
    const PartsByTime parts(table_parts->parts);
    for (const auto& tombstone : table_parts->tombstones) {
      if (tombstone.seq < wal_low && !parts.Need(tombstone)) obsolete.push_back(tombstone.seq);
    }
  }
  return obsolete;
}

Result<std::shared_ptr<Version>> Version::Apply(const VersionEdit& edit) const {
  auto next = std::make_shared<Version>(*this);
  ++next->number;
  for (const auto& [epoch_ended, seq] : edit.accepted_seqs)
    next->accepted_seqs[epoch_ended] = seq;
  if (edit.start.has_value()) {
    if (epoch > 0) next->accepted_seqs[epoch] = edit.start->accepted_seq;
    next->epoch = edit.start->epoch;
    // A number above accepted_seq is given anew in this epoch, to a record that counts.
    std::ranges::copy_if(edit.start->void_seqs,
                         std::inserter(next->void_seqs, next->void_seqs.end()),
                         [&](uint64_t seq) { return seq <= edit.start->accepted_seq; });
    while (next->accepted_seqs.size() > kMaxAcceptedSeqs) {
      next->accepted_seqs.erase(next->accepted_seqs.begin());
    }
  }
  if (edit.wal_low.has_value()) {
    next->wal_low = std::max(next->wal_low, *edit.wal_low);
    std::erase_if(next->void_seqs, [&](uint64_t seq) { return seq < next->wal_low; });
  }
  if (edit.replaces_series_files) next->series_files.clear();
  next->series_files.insert(next->series_files.end(), edit.series_files.begin(),
                            edit.series_files.end());

  // Copies of the tables that change, each once.
  std::unordered_map<TableId, std::shared_ptr<TableParts>> changed;
  const auto change = [&](TableId table) -> TableParts& {
    auto& copy = changed[table];
    if (copy == nullptr) copy = std::make_shared<TableParts>(PartsOf(table));
    return *copy;
  };
  std::set<std::pair<std::string, uint64_t>> removed(edit.removed.begin(), edit.removed.end());
  if (!removed.empty()) {
    size_t num_removed = 0;
    for (const auto& [table, table_parts] : tables) {
      const auto is_removed = [&](const PartMeta& part) {
        return removed.contains({part.file, part.offset});
      };
      if (std::ranges::any_of(table_parts->parts, is_removed)) {
        num_removed += std::erase_if(change(table).parts, is_removed);
      }
    }
    if (num_removed != removed.size())
      return Corruption("an edit removes a part that is not there");
  }
  for (const auto& part : edit.added) {
    auto& parts = change(part.table).parts;
    // Parts of one flush share a range and differ in time; they keep the order of their times.
    const auto after = std::ranges::upper_bound(
        parts, std::pair(part.seq_min, part.min_time), {},
        [](const PartMeta& other) { return std::pair(other.seq_min, other.min_time); });
    parts.insert(after, part);
  }
  for (const auto& [table, seq] : edit.flushed_seqs) {
    auto& flushed = change(table).flushed_seq;
    flushed = std::max(flushed, seq);
  }
  STRIA_RETURN_IF_ERROR(ApplyTombstones(edit, *this, change));
  for (auto& [table, parts] : changed)
    next->tables[table] = std::move(parts);
  for (const TableId table : edit.dropped_tables)
    next->tables.erase(table);
  return next;
}

VersionEdit Version::AsEdit() const {
  VersionEdit edit;
  edit.accepted_seqs.assign(accepted_seqs.begin(), accepted_seqs.end());
  edit.start = EpochStart{.epoch = epoch,
                          .owner = 0,
                          .accepted_seq = void_seqs.empty() ? 0 : *void_seqs.rbegin(),
                          .void_seqs = {void_seqs.begin(), void_seqs.end()}};
  edit.wal_low = wal_low;
  edit.series_files = series_files;
  for (const auto& [table, table_parts] : tables) {
    edit.flushed_seqs.emplace_back(table, table_parts->flushed_seq);
    edit.added.insert(edit.added.end(), table_parts->parts.begin(), table_parts->parts.end());
    edit.tombstones.insert(edit.tombstones.end(), table_parts->tombstones.begin(),
                           table_parts->tombstones.end());
  }
  return edit;
}

void EncodeVersionEdit(const VersionEdit& edit, std::vector<std::byte>& encoded) {
  const auto append_list = [&](Field field, const auto& list, const auto& append) {
    if (list.empty()) return;
    AppendField(field, encoded);
    AppendVarint(list.size(), encoded);
    for (const auto& element : list)
      append(element);
  };
  append_list(Field::kAcceptedSeqs, edit.accepted_seqs, [&](const auto& pair) {
    AppendVarint(pair.first, encoded);
    AppendVarint(pair.second, encoded);
  });
  if (edit.start.has_value()) {
    AppendField(Field::kStart, encoded);
    AppendVarint(edit.start->epoch, encoded);
    AppendInteger(edit.start->owner, encoded);
    AppendVarint(edit.start->accepted_seq, encoded);
    AppendVarint(edit.start->void_seqs.size(), encoded);
    for (const uint64_t seq : edit.start->void_seqs)
      AppendVarint(seq, encoded);
  }
  if (edit.wal_low.has_value()) {
    AppendField(Field::kWalLow, encoded);
    AppendVarint(*edit.wal_low, encoded);
  }
  if (edit.replaces_series_files) AppendField(Field::kReplacesSeriesFiles, encoded);
  append_list(Field::kSeriesFiles, edit.series_files,
              [&](const std::string& name) { AppendString(name, encoded); });
  append_list(Field::kRemoved, edit.removed, [&](const auto& place) {
    AppendString(place.first, encoded);
    AppendVarint(place.second, encoded);
  });
  append_list(Field::kAdded, edit.added, [&](const PartMeta& part) { AppendPart(part, encoded); });
  append_list(Field::kTombstones, edit.tombstones, [&](const Tombstone& tombstone) {
    AppendVarint(tombstone.seq, encoded);
    AppendTombstone(tombstone, encoded);
  });
  append_list(Field::kRemovedTombstones, edit.removed_tombstones,
              [&](uint64_t seq) { AppendVarint(seq, encoded); });
  append_list(Field::kDroppedTables, edit.dropped_tables,
              [&](TableId table) { AppendVarint(table.value(), encoded); });
  append_list(Field::kFlushedSeqs, edit.flushed_seqs, [&](const auto& pair) {
    AppendVarint(pair.first.value(), encoded);
    AppendVarint(pair.second, encoded);
  });
}

Result<VersionEdit> DecodeVersionEdit(std::span<const std::byte> encoded) {
  VersionEdit edit;
  ByteReader reader(encoded);
  while (!reader.empty())
    STRIA_RETURN_IF_ERROR(ReadField(reader, edit));
  return edit;
}

}  // namespace stria::storage
