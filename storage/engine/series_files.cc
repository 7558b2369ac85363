#include "storage/engine/series_files.h"

#include <algorithm>

#include "storage/base/kill_point.h"

namespace stria::storage {
namespace {

// More files than that behind the base become one.
constexpr size_t kMaxFiles = 32;

// Fewer series are not worth a snapshot: a start reads them in a millisecond anyway.
constexpr uint64_t kMinSnapshot = 4096;

uint64_t Total(const std::map<TableId, uint32_t>& ends) {
  uint64_t total = 0;
  for (const auto& [table, end] : ends)
    total += end;
  return total;
}

}  // namespace

Result<SeriesFiles::Loaded> SeriesFiles::Load(
    const std::vector<std::string>& names,
    const std::function<TableSeriesIndex&(TableId)>& index_of) {
  names_ = names;
  Loaded loaded;
  std::map<TableId, TableSeriesIndex*> seen;
  const auto note_index = [&](TableId table) -> TableSeriesIndex& {
    TableSeriesIndex& index = index_of(table);
    seen.emplace(table, &index);
    return index;
  };
  for (const std::string& name : names) {
    const auto bytes = ReadFile(files_, Path(name));
    if (!bytes && bytes.error().code() != StatusCode::kNotFound) return bytes.error();
    loaded.damage = bytes ? LoadSeriesFile(*bytes, note_index) : bytes.error();
    if (!loaded.damage.ok()) return loaded;
    ++loaded.num_loaded;
    auto& ends = &name == &names.front() ? base_ends_ : ends_;
    for (const auto& [table, index] : seen)
      ends[table] = index->num_series();
    if (&name == &names.front()) ends_ = base_ends_;
  }
  return loaded;
}

void SeriesFiles::ReplaceAll(std::map<TableId, uint32_t> ends) {
  must_replace_ = true;
  base_ends_.clear();
  ends_ = std::move(ends);
}

Status SeriesFiles::WriteFile(const std::string& name, std::span<const SeriesRange> ranges,
                              const IndexOf& index_of) {
  const std::string temporary = Path("." + name + ".tmp");
  const auto write = [&]() -> Status {
    STRIA_ASSIGN_OR_RETURN(const auto file, files_.Create(temporary));
    uint64_t offset = 0;
    SeriesFileWriter writer([&](std::span<const std::byte> bytes) {
      const Status status = file->WriteAt(offset, bytes);
      offset += bytes.size();
      return status;
    });
    for (const SeriesRange& range : ranges) {
      if (const auto index = index_of(range.table))
        STRIA_RETURN_IF_ERROR(writer.Add(range, *index));
    }
    STRIA_RETURN_IF_ERROR(writer.Finish());
    STRIA_RETURN_IF_ERROR(file->Sync());
    KillPoint("series.link");
    return files_.Link(temporary, Path(name));
  };
  const Status status = write();
  // The temporary name only takes space: a failure to remove it changes nothing that was promised.
  static_cast<void>(files_.Remove(temporary));
  STRIA_RETURN_IF_ERROR(status);
  return files_.SyncDirectory(directory_);
}

Status SeriesFiles::Write(std::span<const SeriesRange> added, std::string name,
                          const IndexOf& index_of, VersionEdit& edit) {
  // A disk that is full may still have room for what was added.
  Status status = Write(added, name, index_of, edit, true);
  if (status.code() == StatusCode::kDiskFull && !must_replace_)
    status = Write(added, std::move(name), index_of, edit, false);
  return status;
}

Status SeriesFiles::Write(std::span<const SeriesRange> added, std::string name,
                          const IndexOf& index_of, VersionEdit& edit, bool may_rewrite) {
  Written written{.name = name, .names = names_, .base_ends = base_ends_, .ends = ends_};
  std::vector<SeriesRange> ranges(added.begin(), added.end());
  for (const SeriesRange& range : added)
    written.ends[range.table] = std::max(written.ends[range.table], range.end);
  std::erase_if(written.ends, [&](const auto& entry) { return index_of(entry.first) == nullptr; });
  const uint64_t in_base = Total(base_ends_);
  const bool is_snapshot =
      must_replace_ || names_.empty() || Total(written.ends) > std::max(2 * in_base, kMinSnapshot);
  if (may_rewrite && (is_snapshot || names_.size() > kMaxFiles)) {
    if (is_snapshot) written.base_ends.clear();
    ranges.clear();
    for (const auto& [table, end] : written.ends) {
      const auto base = written.base_ends.find(table);
      const uint32_t begin = base == written.base_ends.end() ? 0 : std::min(end, base->second);
      if (begin < end) ranges.push_back({table, begin, end});
    }
    written.names.resize(is_snapshot ? 0 : 1);
    if (is_snapshot) written.base_ends = written.ends;
    KillPoint("series.snapshot");
  }
  STRIA_RETURN_IF_ERROR(WriteFile(name, ranges, index_of));
  written.names.push_back(std::move(name));
  edit.replaces_series_files = written.names.size() <= names_.size();
  if (edit.replaces_series_files) {
    edit.series_files = written.names;
  } else {
    edit.series_files = {written.name};
  }
  written_ = std::move(written);
  return Status::Ok();
}

void SeriesFiles::Committed() {
  if (!written_) return;
  for (const std::string& name : names_) {
    if (std::ranges::find(written_->names, name) == written_->names.end()) {
      // It is named by nothing: a start removes it if this fails.
      static_cast<void>(files_.Remove(Path(name)));
    }
  }
  names_ = std::move(written_->names);
  base_ends_ = std::move(written_->base_ends);
  ends_ = std::move(written_->ends);
  must_replace_ = false;
  written_.reset();
}

void SeriesFiles::Abandon() {
  if (!written_) return;
  static_cast<void>(files_.Remove(Path(written_->name)));
  written_.reset();
}

}  // namespace stria::storage
