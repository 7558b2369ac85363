#include "tests/support/engine_rows.h"

#include <bit>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "ingest/line_protocol.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"

namespace stria::storage {
namespace {

std::string TagsText(const ScanSeries& series, uint32_t index) {
  std::map<std::string, std::string> tags;
  for (const auto& tag : series.tags) {
    if (tag.codes[index] >= 0)
      tags[tag.name] = tag.dictionary[static_cast<size_t>(tag.codes[index])];
  }
  std::string text;
  for (const auto& [name, value] : tags)
    text += (text.empty() ? "" : ",") + name + "=" + value;
  return text;
}

std::string ValueText(const VectorView& view, uint32_t row) {
  switch (view.type) {
    case DataType::kString: return std::string(view.String(row));
    case DataType::kFloat64: return std::to_string(std::bit_cast<double>(view.Bits(row)));
    case DataType::kUint64: return std::to_string(view.Bits(row)) + "u";
    case DataType::kBool: return view.Bits(row) != 0 ? "true" : "false";
    default: return std::to_string(static_cast<int64_t>(view.Bits(row))) + "i";
  }
}

// What a scan promises of the times of a run.
Status CheckTimes(const ScanRun& run, std::span<const int64_t> times, TimeRange range) {
  if (times.empty() || times.size() != run.row_end - run.row_begin ||
      times.front() != run.first_time || times.back() != run.last_time) {
    return Corruption("a run of {} rows has {} times", run.row_end - run.row_begin, times.size());
  }
  for (size_t i = 0; i < times.size(); ++i) {
    if (i > 0 && times[i - 1] >= times[i]) return Corruption("times do not ascend at {}", times[i]);
    if (!range.Contains(times[i])) return Corruption("time {} was not asked for", times[i]);
    if (run.step > 0 && times[i] != run.first_time + static_cast<int64_t>(i) * run.step) {
      return Corruption("time {} is off the step {}", times[i], run.step);
    }
  }
  return Status::Ok();
}

Status VisitRun(ScanBlock& block, const ScanRun& run, TimeRange range,
                std::vector<VectorView>& vectors, const RowVisitor& visit) {
  STRIA_ASSIGN_OR_RETURN(const auto times, block.Times(run));
  STRIA_RETURN_IF_ERROR(CheckTimes(run, times, range));
  for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
    if (row == run.row_begin || row % kVectorRows == 0) {
      for (size_t field = 0; field < vectors.size(); ++field) {
        STRIA_ASSIGN_OR_RETURN(vectors[field], block.ReadVector(field, row / kVectorRows));
      }
    }
    STRIA_RETURN_IF_ERROR(
        visit(run.series, times[row - run.row_begin], vectors, row % kVectorRows));
  }
  return Status::Ok();
}

}  // namespace

Status VisitRows(Scan& scan, TimeRange range, size_t num_fields, const RowVisitor& visit) {
  std::vector<VectorView> vectors(num_fields);
  for (size_t index = 0; index < scan.num_blocks(); ++index) {
    STRIA_ASSIGN_OR_RETURN(const auto block, scan.OpenBlock(index));
    for (const ScanRun& run : block->runs())
      STRIA_RETURN_IF_ERROR(VisitRun(*block, run, range, vectors, visit));
  }
  return Status::Ok();
}

Result<Rows> ReadRows(Engine& engine, const std::string& table, TimeRange time,
                      std::vector<TagPredicate> tags, bool last_row_only,
                      const std::string& database) {
  ScanRequest request;
  request.table = engine.FindTable(database, table);
  if (request.table == nullptr) return Rows();
  std::vector<ColumnSchema> fields;
  for (const auto& column : request.table->columns) {
    if (column.role != ColumnRole::kField) continue;
    request.fields.push_back(column.id);
    fields.push_back(column);
  }
  request.time = time;
  request.tags = std::move(tags);
  request.last_row_only = last_row_only;
  STRIA_ASSIGN_OR_RETURN(const auto scan, engine.OpenScan(request));
  Rows rows;
  const auto add = [&](uint32_t index, int64_t at, std::span<const VectorView> vectors,
                       uint32_t row) -> Status {
    const std::string series = TagsText(scan->series(), index);
    Fields values;
    for (size_t field = 0; field < fields.size(); ++field) {
      if (vectors[field].IsValid(row)) values[fields[field].name] = ValueText(vectors[field], row);
    }
    if (rows.emplace(RowKey(series, at), std::move(values)).second) return Status::Ok();
    return Corruption("{} has two rows at {}", series, at);
  };
  STRIA_RETURN_IF_ERROR(VisitRows(*scan, time, fields.size(), add));
  return rows;
}

WriteRequest LinesRequest(const std::string& lines, std::string database) {
  auto body = std::make_shared<std::string>(lines);
  auto decoded = ingest::DecodeLineProtocol(*body, {});
  STRIA_CHECK(decoded.num_errors == 0);
  WriteRequest request;
  request.database = std::move(database);
  request.batches = std::move(decoded.batches);
  request.keep_alive = body;
  return request;
}

uint64_t TestSeed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  std::cout << "seed " << seed << " (STRIA_TEST_SEED)\n";
  return seed;
}

}  // namespace stria::storage
