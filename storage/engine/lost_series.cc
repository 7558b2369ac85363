#include "storage/engine/lost_series.h"

#include <span>
#include <string>
#include <vector>

#include "storage/base/check.h"
#include "storage/types/predicate.h"
#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

constexpr const char* kLostTag = "stria_lost_series";

template <typename T>
void KeepOnly(const std::vector<size_t>& kept, std::vector<T>& values) {
  if (values.empty()) return;
  for (size_t i = 0; i < kept.size(); ++i)
    values[i] = values[kept[i]];
  values.resize(kept.size());
}

}  // namespace

void LostSeries::TakeIds(TableId table, uint32_t end, TableSeriesIndex& index,
                         std::vector<SeriesRange>& taken) {
  for (uint32_t id = index.num_series(); id < end; ++id) {
    const std::string number = std::to_string(id);
    std::vector<TagView> tags = {{kLostTag, number}};
    const auto key = MakeSeriesKey(tags);
    STRIA_CHECK(key.has_value());  // One tag cannot occur twice.
    // A key of that form that is there already belongs to a client who likes strange names.
    if (!index.Restore(SeriesId(id), *key).ok()) return;
    AppendRange({table, id, id + 1}, taken);
    ids_.erase(table);  // Looked at anew.
  }
}

uint64_t LostSeries::EraseRows(const TableSeriesIndex& index, TableRows& rows) {
  const auto [known, is_new] = ids_.try_emplace(rows.table);
  if (is_new) {
    // Those of an earlier start are in the series files.
    TagPredicate lost;
    lost.tag = kLostTag;
    lost.op = TagOp::kIsNotNull;
    for (const SeriesId id : index.Match(std::span(&lost, 1)))
      known->second.insert(id.value());
  }
  const uint32_t num_series = index.num_series();
  std::vector<size_t> kept;
  for (size_t row = 0; row < rows.num_rows(); ++row) {
    if (rows.series[row] < num_series && !known->second.contains(rows.series[row]))
      kept.push_back(row);
  }
  const uint64_t num_erased = rows.num_rows() - kept.size();
  if (num_erased == 0) return 0;
  KeepOnly(kept, rows.series);
  KeepOnly(kept, rows.times);
  for (auto& column : rows.columns) {
    KeepOnly(kept, column.bits);
    KeepOnly(kept, column.strings);
    KeepOnly(kept, column.validity);
  }
  return num_erased;
}

}  // namespace stria::storage
