#include "tests/fuzz/line_protocol_check.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "ingest/line_protocol.h"
#include "storage/types/series_key.h"
#include "tests/ingest/reference_line_protocol.h"

namespace stria::ingest {
namespace {

constexpr Precision kPrecisions[] = {Precision::kNanoseconds, Precision::kMilliseconds,
                                     Precision::kSeconds, Precision::kHours};
// A little after a full hour: the reference finds that by counting down.
constexpr int64_t kDefaultTimeNs = 5 * NanosecondsPer(Precision::kHours) + 123;

ReferenceValue ValueOf(const FieldColumn& field, size_t row) {
  switch (field.type) {
    case DataType::kInt64: return static_cast<int64_t>(field.bits[row]);
    case DataType::kUint64: return ReferenceUnsigned{field.bits[row]};
    case DataType::kFloat64: return ReferenceFloat{field.bits[row]};
    case DataType::kBool: return field.bits[row] != 0;
    default: return std::string(field.strings[row]);
  }
}

std::vector<ReferenceRow> RowsOf(const RowBatch& batch) {
  std::vector<ReferenceRow> rows;
  for (size_t i = 0; i < batch.num_rows(); ++i) {
    ReferenceRow& row = rows.emplace_back();
    row.offset = batch.line_offsets[i];
    row.table = batch.table;
    row.time_ns = batch.times[i];
    if (const auto tags = ParseSeriesKey(batch.series[batch.series_index[i]].key)) {
      row.tags.insert(tags->begin(), tags->end());
    }
    for (const auto& field : batch.fields) {
      if (field.validity[i] != 0) row.fields.insert_or_assign(field.name, ValueOf(field, i));
    }
  }
  return rows;
}

bool HasColumnTwice(const RowBatch& batch) {
  std::set<std::pair<std::string_view, DataType>> columns;
  return !std::ranges::all_of(batch.fields, [&](const FieldColumn& field) {
    return columns.emplace(field.name, field.type).second;
  });
}

}  // namespace

std::string DifferenceFromReference(std::string_view input) {
  if (input.empty()) return {};
  const Precision precision = kPrecisions[static_cast<unsigned char>(input.front()) % 4];
  const std::string_view body = input.substr(1);
  const auto decoded = DecodeLineProtocol(
      body,
      {.precision = precision, .default_time_ns = kDefaultTimeNs, .max_errors = body.size() + 1});
  if (!decoded.status.ok()) return "the body is refused: " + decoded.status.ToString();
  const auto expected = DecodeByCharacters(body, NanosecondsPer(precision), kDefaultTimeNs);

  std::vector<ReferenceRow> rows;
  for (const RowBatch& batch : decoded.batches) {
    if (HasColumnTwice(batch)) return "a column is there twice";
    std::ranges::move(RowsOf(batch), std::back_inserter(rows));
  }
  std::ranges::sort(rows, {}, &ReferenceRow::offset);
  std::vector<size_t> bad_offsets;
  for (const auto& error : decoded.errors)
    bad_offsets.push_back(error.line_offset);
  if (bad_offsets != expected.bad_offsets) return "other lines are refused";
  if (rows.size() != expected.rows.size() || rows.size() != decoded.num_rows) {
    return fmt::format("{} rows instead of {}", rows.size(), expected.rows.size());
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != expected.rows[i]) {
      return fmt::format("the line at byte {} gives another row", rows[i].offset);
    }
  }
  return {};
}

}  // namespace stria::ingest
