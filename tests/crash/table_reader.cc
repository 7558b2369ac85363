#include "tests/crash/table_reader.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <string_view>

#include <fmt/core.h>

#include "storage/base/errors.h"
#include "tests/support/engine_rows.h"

namespace stria::storage {
namespace {

constexpr std::string_view kTextPrefix = "text ";
constexpr int64_t kForeign = kNoValue + 1;  // A value that nobody writes.

int64_t ParseNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : kForeign;
}

// The number that was written as the value at `row`.
int64_t NumberAt(const VectorView& view, uint32_t row) {
  if (!view.IsValid(row)) return kNoValue;
  switch (view.type) {
    case DataType::kString: {
      const std::string_view text = view.String(row);
      return text.starts_with(kTextPrefix) ? ParseNumber(text.substr(kTextPrefix.size()))
                                           : kForeign;
    }
    case DataType::kFloat64: {
      const auto number = std::bit_cast<double>(view.Bits(row)) - 0.5;
      const auto whole = static_cast<int64_t>(number);
      return static_cast<double>(whole) == number ? whole : kForeign;
    }
    default: return static_cast<int64_t>(view.Bits(row));
  }
}

int32_t TagNumber(const ScanSeries& series, std::string_view name, uint32_t index) {
  const auto tag = std::ranges::find(series.tags, name, &ScanSeries::Tag::name);
  if (tag == series.tags.end() || tag->codes[index] < 0) return -1;
  return static_cast<int32_t>(ParseNumber(tag->dictionary[static_cast<size_t>(tag->codes[index])]));
}

}  // namespace

bool ValueHint::Passes(const RowValues& values) const {
  if (values[field] == kNoValue) return false;
  switch (op) {
    case CompareOp::kEq: return values[field] == value;
    case CompareOp::kNe: return values[field] != value;
    case CompareOp::kLt: return values[field] < value;
    case CompareOp::kLe: return values[field] <= value;
    case CompareOp::kGt: return values[field] > value;
    case CompareOp::kGe: return values[field] >= value;
  }
  return false;
}

std::string ReadForm::ToString() const {
  std::string text = choice.ToString();
  if (fields != (1U << kNumFields) - 1) text += fmt::format(" fields {:x}", fields);
  if (hint.has_value()) {
    text += fmt::format(" where {} {} {}", kLedgerFields[hint->field], static_cast<int>(hint->op),
                        hint->value);
  }
  if (last_row_only) text += " last rows";
  return text;
}

LedgerRows SeenBy(const ReadForm& form, const LedgerRows& rows) {
  LedgerRows seen;
  for (const auto& [at, values] : rows) {
    if (!form.choice.Contains(at) || (form.hint.has_value() && !form.hint->Passes(values)))
      continue;
    // Rows of a series ascend by time.
    if (form.last_row_only && !seen.empty() && seen.rbegin()->first.series == at.series)
      seen.erase(std::prev(seen.end()));
    RowValues asked = values;
    for (size_t field = 0; field < kNumFields; ++field) {
      if ((form.fields >> field & 1) == 0) asked[field] = kNoValue;
    }
    seen.emplace_hint(seen.end(), at, asked);
  }
  return seen;
}

Result<HeldScan> HeldScan::Open(Engine& engine, size_t table, const ReadForm& form) {
  HeldScan held;
  held.table_ = table;
  held.form_ = form;
  ScanRequest request;
  request.table = engine.FindTable("db", kLedgerTables[table]);
  if (request.table == nullptr) return held;
  for (size_t field = 0; field < kNumFields; ++field) {
    const ColumnSchema* column = request.table->Find(kLedgerFields[field]);
    const bool hinted = form.hint.has_value() && form.hint->field == field;
    if (column == nullptr || ((form.fields >> field & 1) == 0 && !hinted)) continue;
    held.fields_.push_back(field);
    request.fields.push_back(column->id);
    if (!hinted) continue;
    // Floats are written half a unit above their number.
    const double shift = column->type == DataType::kFloat64 ? 0.5 : 0;
    request.hints.push_back({.column = column->id,
                             .op = form.hint->op,
                             .value = static_cast<double>(form.hint->value) + shift});
  }
  request.time = form.choice.time;
  request.tags = form.choice.Predicates();
  request.last_row_only = form.last_row_only;
  STRIA_ASSIGN_OR_RETURN(held.scan_, engine.OpenScan(request));
  return held;
}

Result<LedgerRows> HeldScan::Read() {
  LedgerRows rows;
  if (scan_ == nullptr) return rows;
  const ScanSeries& series = scan_->series();
  std::vector<SeriesTags> tags(series.num_series);
  for (uint32_t index = 0; index < series.num_series; ++index) {
    tags[index] = {.h = TagNumber(series, "h", index),
                   .k = TagNumber(series, "k", index),
                   .z = TagNumber(series, "z", index)};
  }
  const auto visit = [&](uint32_t index, int64_t time, std::span<const VectorView> vectors,
                         uint32_t row) -> Status {
    RowValues values;
    values.fill(kNoValue);
    for (size_t i = 0; i < fields_.size(); ++i)
      values[fields_[i]] = NumberAt(vectors[i], row);
    const RowAt at{tags[index], time};
    const size_t num_before = rows.size();
    rows.emplace_hint(rows.end(), at, values);
    if (rows.size() > num_before) return Status::Ok();
    return Corruption("{} has two rows at {}", kLedgerTables[table_], time);
  };
  STRIA_RETURN_IF_ERROR(VisitRows(*scan_, form_.choice.time, fields_.size(), visit));
  if (!form_.hint.has_value()) return rows;
  ReadForm rest;  // Tags, times and last rows are the scan's matter.
  rest.fields = form_.fields;
  rest.hint = form_.hint;
  return SeenBy(rest, rows);
}

Result<std::vector<FoundMarker>> ReadMarkers(Engine& engine, uint64_t first) {
  std::vector<FoundMarker> found;
  ScanRequest request;
  request.table = engine.FindTable("db", kMarkerTable);
  if (request.table == nullptr) return found;
  const ColumnSchema* column = request.table->Find("v");
  if (column == nullptr) return Corruption("the markers have no values");
  request.fields = {column->id};
  request.time.begin = static_cast<int64_t>(first);
  STRIA_ASSIGN_OR_RETURN(const auto scan, engine.OpenScan(request));
  const auto visit = [&](uint32_t index, int64_t time, std::span<const VectorView> vectors,
                         uint32_t row) -> Status {
    found.push_back({.number = static_cast<uint64_t>(time),
                     .index = TagNumber(scan->series(), "i", index),
                     .value = NumberAt(vectors[0], row)});
    return Status::Ok();
  };
  STRIA_RETURN_IF_ERROR(VisitRows(*scan, request.time, 1, visit));
  return found;
}

}  // namespace stria::storage
