#include "storage/engine/series_rebuild.h"

#include "storage/base/errors.h"
#include "storage/format/part_layout.h"
#include "storage/series/series_file.h"
#include "storage/types/series_key.h"

namespace stria::storage {

void SeriesRebuild::AddId(TableId table, SeriesId id) {
  auto& places = tables_[table].places;
  if (id.value() >= places.size()) places.resize(size_t{id.value()} + 1);
}

Status SeriesRebuild::Add(TableId table, SeriesId id, std::string_view key) {
  AddId(table, id);
  Keys& keys = tables_[table];
  Place& place = keys.places[id.value()];
  if (place.end == 0) {
    place = {.begin = keys.text.size(), .end = keys.text.size() + key.size()};
    keys.text.append(key);
    return Status::Ok();
  }
  const std::string_view known =
      std::string_view(keys.text).substr(place.begin, place.end - place.begin);
  if (known == key) return Status::Ok();
  return Corruption("series {} of table {} is {} and {}", id.value(), table.value(),
                    FormatSeriesKey(known), FormatSeriesKey(key));
}

Status SeriesRebuild::AddFile(std::span<const std::byte> file) {
  STRIA_ASSIGN_OR_RETURN(const auto series, DecodeSeriesFile(file));
  for (const NewSeries& one : series)
    STRIA_RETURN_IF_ERROR(Add(one.table, one.id, one.key));
  return Status::Ok();
}

Status SeriesRebuild::AddPart(PartReader& part, TableId table, Lineage lineage) {
  if (part.footer().lineage != lineage)
    return Corruption("a part of table {} has ids of another shard", table.value());
  std::vector<std::string> keys;
  size_t page = SIZE_MAX;  // The one that `keys` are of.
  for (size_t group = 0; group < part.num_row_groups(); ++group) {
    uint64_t number = part.footer().row_groups[group].first_run;
    STRIA_ASSIGN_OR_RETURN(const auto runs, part.ReadRuns(group));
    for (const DirectoryRun& run : runs) {
      if (const auto its_page = static_cast<size_t>(number / kRunsPerDirectoryPage);
          its_page != page) {
        page = its_page;
        STRIA_ASSIGN_OR_RETURN(keys, part.ReadKeys(page));
      }
      STRIA_RETURN_IF_ERROR(Add(table, run.series, keys[number % kRunsPerDirectoryPage]));
      ++number;
    }
  }
  return Status::Ok();
}

Status SeriesRebuild::Restore(const std::function<TableSeriesIndex&(TableId)>& index_of,
                              LostSeries& lost) const {
  std::vector<SeriesRange> taken;  // They are written with all others.
  for (const auto& [table, keys] : tables_) {
    TableSeriesIndex& index = index_of(table);
    for (uint32_t id = 0; id < keys.places.size(); ++id) {
      const Place& place = keys.places[id];
      if (place.end == 0) continue;
      lost.TakeIds(table, id, index, taken);
      STRIA_RETURN_IF_ERROR(index.Restore(
          SeriesId(id), std::string_view(keys.text).substr(place.begin, place.end - place.begin)));
    }
    lost.TakeIds(table, static_cast<uint32_t>(keys.places.size()), index, taken);
  }
  return Status::Ok();
}

}  // namespace stria::storage
