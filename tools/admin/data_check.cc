#include "tools/admin/data_check.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "storage/catalog/catalog.h"
#include "storage/manifest/version_set.h"
#include "storage/series/series_file.h"
#include "storage/types/series_key.h"
#include "storage/wal/delete_record.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_reader.h"
#include "tools/admin/part_check.h"
#include "tools/admin/read_only_files.h"

namespace stria::admin {
namespace {

constexpr const char* kRestoreDirectory =
    "The server does not start on it: restore the data directory from a backup.";
constexpr const char* kRestoreOrder =
    "Answers about such series may show older values: restore the file from a backup.";
constexpr const char* kRestorePart =
    "A query that reads it fails and names it, the rest is served: restore the file from a backup.";

// The series of a table by id; nullopt for ids that nobody has introduced.
using TableSeries = std::vector<std::optional<std::string>>;

class ShardChecker {
 public:
  ShardChecker(storage::FileSystem& files, std::string directory, std::string name,
               const storage::CatalogSnapshot& catalog, uint32_t shard, CheckReport& report)
      : files_(files),
        directory_(std::move(directory)),
        name_(std::move(name)),
        catalog_(catalog),
        shard_(shard),
        report_(report) {}

  void Run() {
    storage::VersionSet versions(files_, directory_ + "/manifest");
    if (const Status status = versions.Open(); !status.ok()) {
      Add(Severity::kError, "manifest",
          fmt::format("The manifest, which names the parts, cannot be read: {}.", status.message()),
          kRestoreDirectory);
      return;  // Nothing else means anything without it.
    }
    version_ = versions.current();
    if (version_->number == 0 && HasFiles()) {
      Add(Severity::kError, "manifest", "The manifest is missing, and there are files it named.",
          kRestoreDirectory);
      return;
    }
    CheckSeriesFiles();
    CheckLog();
    CheckParts();
    FindOrphans();
    ListQuarantine();
  }

 private:
  void Add(Severity severity, const std::string& file, std::string what, std::string advice) {
    report_.findings.push_back({.severity = severity,
                                .file = name_ + "/" + file,
                                .what = std::move(what),
                                .advice = std::move(advice)});
  }

  bool HasFiles() {
    return std::ranges::any_of(std::initializer_list<const char*>{"part", "series", "wal"},
                               [this](const char* folder) {
                                 const auto names = files_.List(directory_ + "/" + folder);
                                 return !names || !names->empty();
                               });
  }

  // A sentence when the id or the key is taken otherwise.
  std::optional<std::string> AddSeries(const NewSeries& one) {
    TableSeries& series = series_[one.table];
    if (!ParseSeriesKey(one.key)) {
      return fmt::format("Series {} of table {} has no well-formed key.", one.id.value(),
                         one.table.value());
    }
    if (one.id.value() >= series.size()) series.resize(one.id.value() + 1);
    auto& known = series[one.id.value()];
    if (known.has_value() && *known != one.key) {
      return fmt::format("Series {} of table {} is {} here and {} before.", one.id.value(),
                         one.table.value(), FormatSeriesKey(one.key), FormatSeriesKey(*known));
    }
    if (!known.has_value()) ++report_.counts.series;
    known = one.key;
    return std::nullopt;
  }

  void CheckSeriesFiles() {
    for (const auto& name : version_->series_files) {
      const std::string file = "series/" + name;
      const auto bad = [&](std::string what) {
        Add(Severity::kError, file, std::move(what), kRestoreDirectory);
      };
      const auto bytes = storage::ReadFile(files_, directory_ + "/" + file);
      if (!bytes) {
        bad(fmt::format("The file of series cannot be read: {}.", bytes.error().message()));
        continue;
      }
      const auto series = storage::DecodeSeriesFile(*bytes);
      if (!series) {
        bad(fmt::format("The file of series is damaged: {}.", series.error().message()));
        continue;
      }
      for (const auto& one : *series) {
        if (auto what = AddSeries(one)) bad(*std::move(what));
      }
    }
  }

  void CheckLog() {
    const auto visit = [this](const storage::WalFrame& frame) -> Status {
      ++report_.counts.log_records;
      if (frame.type == storage::WalRecordType::kRows) CheckRowsRecord(frame);
      if (frame.type == storage::WalRecordType::kDelete) CheckDeleteRecord(frame);
      return Status::Ok();
    };
    const auto recovery =
        storage::RecoverWal(files_, directory_ + "/wal", shard_, version_->accepted_seqs,
                            version_->wal_low, visit, storage::WalDamagePolicy::kReport);
    if (!recovery) {
      Add(Severity::kError, "wal",
          fmt::format("The log cannot be read: {}.", recovery.error().message()),
          kRestoreDirectory);
      return;
    }
    if (recovery->last_epoch > version_->epoch) {
      Add(Severity::kError, "manifest",
          fmt::format("Its newest records are missing: the log is of epoch {}, they end at {}.",
                      recovery->last_epoch, version_->epoch),
          kRestoreDirectory);
    }
    for (const auto& damage : recovery->damages) {
      Add(Severity::kError, damage.segment.empty() ? "wal" : "wal/" + damage.segment,
          fmt::format("Records {} to {} were acknowledged and cannot be read: {}.",
                      damage.first_seq, damage.last_seq, damage.reason),
          "The server starts, keeps a copy in quarantine and serves the rest: write what is "
          "missing again from its source, or restore a backup.");
    }
    if (recovery->torn_bytes > 0) {
      Add(Severity::kNote, "wal",
          fmt::format("The log ends in a torn write of {} bytes, which was never acknowledged.",
                      recovery->torn_bytes),
          "The next start cuts it; nothing is lost.");
    }
  }

  void CheckRowsRecord(const storage::WalFrame& frame) {
    const auto bad = [&](std::string what) {
      Add(Severity::kError, "wal", fmt::format("Record {}: {}", frame.seq, what),
          kRestoreDirectory);
    };
    const auto record = storage::DecodeRowsRecord(frame.payload);
    if (!record) return bad(fmt::format("it cannot be decoded: {}.", record.error().message()));
    for (const auto& one : record->series) {
      if (auto what = AddSeries(one)) bad(*std::move(what));
    }
    for (const auto& rows : record->tables) {
      if (catalog_.Find(rows.table) == nullptr) {
        if (rows.table.value() >= catalog_.next_table_id()) {
          bad(fmt::format("it has rows of table {}, which the catalog never knew.",
                          rows.table.value()));
        }
        continue;  // Dropped since.
      }
      if (frame.seq <= version_->PartsOf(rows.table).flushed_seq) continue;
      report_.counts.rows += rows.num_rows();
      const TableSeries& series = series_[rows.table];
      if (std::ranges::any_of(rows.series, [&](uint32_t id) {
            return id >= series.size() || !series[id].has_value();
          })) {
        bad("it has rows of a series that no record and no series file introduced.");
      }
    }
  }

  void CheckDeleteRecord(const storage::WalFrame& frame) {
    const auto record = storage::DecodeDeleteRecord(frame.payload);
    std::string what;
    if (!record) {
      what = fmt::format("it cannot be decoded: {}.", record.error().message());
    } else if (record->tombstone.table.value() >= catalog_.next_table_id()) {
      what = fmt::format("it deletes from table {}, which the catalog never knew.",
                         record->tombstone.table.value());
    }
    if (what.empty()) return;
    Add(Severity::kError, "wal", fmt::format("Record {}: {}", frame.seq, what), kRestoreDirectory);
  }

  void CheckParts() {
    std::vector<std::pair<TableId, std::shared_ptr<const storage::TableParts>>> tables(
        version_->tables.begin(), version_->tables.end());
    std::ranges::sort(tables, {}, [](const auto& entry) { return entry.first; });
    for (const auto& [table, parts] : tables) {
      std::unordered_map<SeriesId, std::vector<PlacedRun>> runs_of;
      for (size_t i = 0; i < parts->parts.size(); ++i) {
        const auto& meta = parts->parts[i];
        for (const auto& run : CheckOnePart(meta))
          runs_of[run.series].push_back({i, run.first_time, run.last_time, run.may_overlap});
      }
      CheckSequences(parts->parts, runs_of);
      CheckOverlapSets(parts->parts, runs_of);
    }
  }

  struct PlacedRun {
    size_t part = 0;
    int64_t first_time = 0;
    int64_t last_time = 0;
    bool may_overlap = true;
  };

  std::vector<CheckedRun> CheckOnePart(const storage::PartMeta& meta) {
    ++report_.counts.parts;
    report_.counts.part_bytes += meta.length;
    report_.counts.rows += meta.num_rows;
    const std::string file = "part/" + meta.file;
    const auto bad = [&](std::string what) {
      Add(Severity::kError, file, std::move(what), kRestorePart);
    };
    const auto size = files_.FileSize(directory_ + "/" + file);
    if (!size) {
      bad(fmt::format("The file is missing: {}.", size.error().message()));
      return {};
    }
    if (*size < meta.offset + meta.length) {
      bad(fmt::format("The file was cut: it has {} bytes, and the part at {} ends at {}.", *size,
                      meta.offset, meta.offset + meta.length));
      return {};
    }
    auto opened = files_.OpenForRead(directory_ + "/" + file);
    if (!opened) {
      bad(fmt::format("The file cannot be opened: {}.", opened.error().message()));
      return {};
    }
    auto part = storage::PartReader::Open(*std::move(opened), meta, nullptr);
    if (!part) {
      bad(fmt::format("The part cannot be opened: {}.", part.error().message()));
      return {};
    }
    const TableSeries& series = series_[meta.table];
    KeyOfSeries key_of;
    if ((*part)->footer().lineage == catalog_.lineage()) {
      key_of = [&series](SeriesId id) {
        return id.value() < series.size() ? series[id.value()] : std::nullopt;
      };
    }
    PartCheck check = CheckPart(**part, meta, key_of);
    report_.counts.blocks += check.num_blocks;
    for (const auto& problem : check.problems)
      bad(fmt::format("The part at {}: {}.", meta.offset, problem));
    return std::move(check.runs);
  }

  // Where rows of two parts may be the same row, their records must tell which is later.
  void CheckSequences(std::span<const storage::PartMeta> parts,
                      std::unordered_map<SeriesId, std::vector<PlacedRun>>& runs_of) {
    std::set<std::pair<size_t, size_t>> reported;
    for (auto& [series, runs] : runs_of) {
      std::ranges::sort(runs, {}, &PlacedRun::first_time);
      for (size_t i = 0; i < runs.size(); ++i) {
        for (size_t j = i + 1; j < runs.size() && runs[j].first_time <= runs[i].last_time; ++j) {
          const auto [first, second] = std::minmax(runs[i].part, runs[j].part);
          if (first == second || parts[first].seq_max < parts[second].seq_min ||
              parts[second].seq_max < parts[first].seq_min ||
              !reported.emplace(first, second).second) {
            continue;
          }
          Add(Severity::kError, "part/" + parts[second].file,
              fmt::format("It overlaps {} in the times of series {}, and in the records of the log "
                          "too ({} to {} and {} to {}), so that it is not known which value is the "
                          "later one.",
                          parts[first].file, series.value(), parts[first].seq_min,
                          parts[first].seq_max, parts[second].seq_min, parts[second].seq_max),
              kRestoreDirectory);
        }
      }
    }
  }

  // A run that its part does not list as overlapping is read behind all older rows of its series,
  // without a comparison: it has to begin after them.
  void CheckOverlapSets(std::span<const storage::PartMeta> parts,
                        std::unordered_map<SeriesId, std::vector<PlacedRun>>& runs_of) {
    std::set<size_t> reported;
    for (auto& [series, runs] : runs_of) {
      std::ranges::sort(runs, {}, [&](const PlacedRun& run) {
        return std::pair(parts[run.part].seq_max, run.part);
      });
      int64_t last_time = std::numeric_limits<int64_t>::min();  // Of the parts before.
      const PlacedRun* last = nullptr;
      for (size_t begin = 0, end = 0; begin < runs.size(); begin = end) {
        while (end < runs.size() && runs[end].part == runs[begin].part)
          ++end;
        const size_t part = runs[begin].part;
        const auto of_part = std::span(runs).subspan(begin, end - begin);
        for (const PlacedRun& run : of_part) {
          if (run.may_overlap || last == nullptr || run.first_time > last_time ||
              !reported.insert(part).second) {
            continue;
          }
          Add(Severity::kError, "part/" + parts[part].file,
              fmt::format(
                  "The part at {}: its overlap set leaves out a run of series {} that begins "
                  "before the series ends in {}, so that its rows are read in the wrong "
                  "order.",
                  parts[part].offset, series.value(), parts[last->part].file),
              kRestoreOrder);
        }
        for (const PlacedRun& run : of_part) {
          if (last != nullptr && run.last_time <= last_time) continue;
          last_time = run.last_time;
          last = &run;
        }
      }
    }
  }

  void ListQuarantine() {
    const auto names = files_.List(directory_ + "/quarantine");
    if (!names) return;
    for (const auto& name : *names) {
      if (name.ends_with(".reason")) continue;
      Add(Severity::kNote, "quarantine/" + name,
          "A damaged file is kept here; its reason is beside.",
          "Remove it when what it held is restored or not needed.");
    }
  }

  void FindOrphans() {
    std::set<std::string> named(version_->series_files.begin(), version_->series_files.end());
    for (const auto& [table, parts] : version_->tables) {
      for (const auto& part : parts->parts)
        named.insert(part.file);
    }
    for (const char* folder : {"part", "series"}) {
      const auto names = files_.List(directory_ + "/" + folder);
      if (!names) {
        Add(Severity::kError, folder,
            fmt::format("The folder cannot be listed: {}.", names.error().message()),
            kRestoreDirectory);
        continue;
      }
      for (const auto& name : *names) {
        if (named.contains(name)) continue;
        Add(Severity::kNote, fmt::format("{}/{}", folder, name),
            "No manifest names the file: what made it did not end.",
            "The next start removes it; nothing is lost.");
      }
    }
  }

  storage::FileSystem& files_;
  const std::string directory_;
  const std::string name_;
  const storage::CatalogSnapshot& catalog_;
  const uint32_t shard_;
  CheckReport& report_;
  std::shared_ptr<const storage::Version> version_;
  std::map<TableId, TableSeries> series_;
};

}  // namespace

bool CheckReport::has_errors() const {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.severity == Severity::kError; });
}

CheckReport CheckData(storage::FileSystem& files, const std::string& directory) {
  CheckReport report;
  ReadOnlyFiles read_only(files);
  const auto records = read_only.List(directory + "/catalog");
  if (!records || records->empty()) {
    report.findings.push_back(
        {.severity = Severity::kError,
         .file = "catalog",
         .what = records
                     ? "There is no catalog, so this is no data directory."
                     : fmt::format("The catalog cannot be read: {}.", records.error().message()),
         .advice = "Name the directory that the server was started with, as --data."});
    return report;
  }
  storage::Catalog catalog(read_only, directory + "/catalog");
  if (const Status status = catalog.Open(0, {}); !status.ok()) {
    report.findings.push_back(
        {.severity = Severity::kError,
         .file = "catalog",
         .what = fmt::format("The catalog, which names the tables, cannot be read: {}.",
                             status.message()),
         .advice = kRestoreDirectory});
    return report;
  }
  const auto snapshot = catalog.current();
  report.counts.shards = snapshot->num_shards();
  report.counts.databases = snapshot->databases().size();
  report.counts.tables = snapshot->Tables().size();
  for (uint32_t shard = 0; shard < snapshot->num_shards(); ++shard) {
    const std::string name = fmt::format("shard/{}", shard);
    ShardChecker(read_only, directory + "/" + name, name, *snapshot, shard, report).Run();
  }
  return report;
}

}  // namespace stria::admin
