#include "server/api/write_answer.h"

#include <algorithm>

#include <fmt/format.h>

namespace stria::server {
namespace {

constexpr size_t kMaxLineBytesShown = 200;
constexpr size_t kMaxLinesShown = 200;  // 100 of each kind.

struct BadLine {
  uint64_t number = 0;
  uint32_t offset = 0;
  std::string text;
};

std::string_view InfluxTypeName(DataType type) {
  switch (type) {
    case DataType::kFloat64: return "float";
    case DataType::kInt64: return "integer";
    case DataType::kUint64: return "unsigned";
    case DataType::kBool: return "boolean";
    default: return "string";
  }
}

std::string DescribeLineError(const WriteOutcome& outcome, const ingest::LineError& error,
                              Dialect dialect) {
  if (dialect == Dialect::kQuestDb) return error.reason;
  const size_t shown = std::min<size_t>(error.line_bytes, kMaxLineBytesShown);
  return fmt::format("unable to parse '{}{}': {}", outcome.body.substr(error.line_offset, shown),
                     shown < error.line_bytes ? "..." : "", error.reason);
}

std::string DescribeRejection(const storage::RowRejection& rejection,
                              const IsFieldColumn& is_field) {
  const bool is_conflict = rejection.type_given != DataType::kNull &&
                           rejection.type_stored != DataType::kNull &&
                           is_field(rejection.table, rejection.column);
  if (!is_conflict) return rejection.reason;
  return fmt::format(
      "field type conflict: input field \"{}\" on measurement \"{}\" is type {}, already exists as "
      "type {}",
      rejection.column, rejection.table, InfluxTypeName(rejection.type_given),
      InfluxTypeName(rejection.type_stored));
}

// Both kinds of bad lines, in the order of the body.
std::vector<BadLine> BadLines(const WriteOutcome& outcome, Dialect dialect,
                              const IsFieldColumn& is_field) {
  std::vector<BadLine> lines;
  for (const auto& error : outcome.line_errors) {
    lines.push_back(
        {.offset = error.line_offset, .text = DescribeLineError(outcome, error, dialect)});
  }
  for (const auto& rejection : outcome.result.rejections) {
    if (lines.size() >= kMaxLinesShown) break;
    lines.push_back(
        {.offset = rejection.line_offset, .text = DescribeRejection(rejection, is_field)});
  }
  std::ranges::stable_sort(lines, {}, &BadLine::offset);
  uint64_t number = 1;
  size_t counted = 0;
  for (BadLine& line : lines) {
    const auto passed = outcome.body.substr(counted, line.offset - counted);
    number += static_cast<uint64_t>(std::ranges::count(passed, '\n'));
    counted = line.offset;
    line.number = number;
  }
  return lines;
}

std::string Join(const std::vector<BadLine>& lines, uint64_t num_bad, Dialect dialect) {
  std::string text;
  for (const BadLine& line : lines) {
    if (!text.empty()) text += '\n';
    text += dialect == Dialect::kQuestDb
                ? fmt::format("error in line {}: {}", line.number, line.text)
                : fmt::format("{} (line {})", line.text, line.number);
  }
  if (num_bad > lines.size()) text += fmt::format("\nand {} more", num_bad - lines.size());
  return text;
}

}  // namespace

std::string_view RejectionCode(const storage::RowRejection& rejection) {
  if (rejection.code == StatusCode::kUnavailable) return "resource_exhausted";
  if (rejection.code != StatusCode::kResourceExhausted) return "type_conflict";
  return rejection.column.empty() ? "series_limit" : "column_limit";
}

std::optional<ApiError> DescribeOutcome(const WriteOutcome& outcome, Dialect dialect,
                                        const IsFieldColumn& is_field) {
  const uint64_t num_rejected = outcome.result.rows_rejected;
  const uint64_t num_bad = outcome.num_line_errors + num_rejected;
  if (num_bad == 0) return std::nullopt;

  const auto lines = BadLines(outcome, dialect, is_field);
  ApiError error;
  error.code = "parse";
  if (num_rejected != 0) {
    const auto& rejections = outcome.result.rejections;
    error.code = rejections.empty() ? "type_conflict" : RejectionCode(rejections.front());
    // InfluxDB 1 answers every partial write with 400.
    if (error.code != "type_conflict" && dialect == Dialect::kInfluxV1) error.http_status = 400;
  }
  // Then the whole body should be sent again, whatever else is wrong with it.
  const bool is_later = std::ranges::any_of(outcome.result.rejections, [](const auto& rejection) {
    return rejection.code == StatusCode::kUnavailable;
  });
  error.line = lines.empty() ? 0 : static_cast<uint32_t>(lines.front().number);
  error.message = Join(lines, num_bad, dialect);
  if (dialect == Dialect::kQuestDb) {
    if (is_later) {
      error.code = "resource_exhausted";
      error.http_status = 503;
      return error;
    }
    error.message =
        "failed to parse line protocol:errors encountered on line(s):\n" + error.message;
    return error;
  }
  if (num_rejected != 0 || outcome.result.rows_written != 0) {
    error.message = fmt::format("partial write: {} dropped={}", error.message, num_rejected);
  }
  if (dialect == Dialect::kInfluxV2 && num_rejected != 0) {
    error.message = "failure writing points to database: " + error.message;
    error.http_status = 422;
  }
  if (is_later) {
    error.code = "resource_exhausted";
    error.http_status = 503;
  }
  return error;
}

}  // namespace stria::server
