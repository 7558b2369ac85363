#include "tests/sql/runner/slt_check.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "query/expr/time_text.h"

namespace stria::slt {
namespace {

using Row = std::vector<std::string>;

constexpr double kRelativeError = 1e-12;

char LetterOf(DataType type) {
  switch (type) {
    case DataType::kTimestamp: return 'P';
    case DataType::kFloat64: return 'R';
    case DataType::kInt64: return 'I';
    case DataType::kUint64: return 'U';
    case DataType::kBool: return 'B';
    case DataType::kString: return 'T';
    case DataType::kInterval: return 'D';
    case DataType::kNull: break;
  }
  return 'N';
}

std::string FormatTime(int64_t ns) {
  std::string text = query::FormatTimestamp(ns);  // "...:00.120000000Z"
  text.pop_back();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "Z";
}

std::string QuoteString(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (c == '\r') {
      quoted += "\\r";
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string FormatString(const std::string& text) {
  if (text.empty()) return "(empty)";
  const bool ambiguous = text == "NULL" || text == "(empty)" || text.front() == ' ' ||
                         text.back() == ' ' || text.front() == '"' ||
                         text.find("  ") != std::string::npos ||
                         text.find_first_of("\n\t\r") != std::string::npos;
  return ambiguous ? QuoteString(text) : text;
}

bool SameDouble(const std::string& a, const std::string& b) {
  if (a == b) return true;
  char* end_a = nullptr;
  char* end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a);
  const double y = std::strtod(b.c_str(), &end_b);
  if (*end_a != '\0' || *end_b != '\0' || end_a == a.c_str() || end_b == b.c_str()) return false;
  return std::isfinite(x) && std::isfinite(y) &&
         std::abs(x - y) <= kRelativeError * std::max(std::abs(x), std::abs(y));
}

bool SameRow(const Row& expected, const Row& found, const std::string& types) {
  if (expected.size() != found.size()) return false;
  for (size_t i = 0; i < expected.size(); ++i) {
    const bool same = types[i] == 'R' ? SameDouble(expected[i], found[i]) : expected[i] == found[i];
    if (!same) return false;
  }
  return true;
}

std::string Listing(const std::vector<Row>& rows) {
  std::string text;
  for (const auto& row : rows)
    text += fmt::format("{}\n", fmt::join(row, "  "));
  return text.empty() ? "(no rows)\n" : text;
}

// Each expected line is part of a row, in this order.
std::string CheckContains(const Record& record, const std::vector<Row>& rows) {
  size_t next = 0;
  for (const auto& line : record.expected) {
    const auto holds = [&](const Row& row) {
      return fmt::format("{}", fmt::join(row, "  ")).find(line) != std::string::npos;
    };
    while (next < rows.size() && !holds(rows[next]))
      ++next;
    if (next++ == rows.size()) {
      return fmt::format("no row, after those found before, has \"{}\":\n{}", line, Listing(rows));
    }
  }
  return {};
}

std::string CheckRows(const Record& record, std::vector<Row> rows) {
  if (record.order == RowOrder::kContains) return CheckContains(record, rows);
  std::vector<Row> expected;
  for (const auto& line : record.expected)
    expected.push_back(SplitRow(line, record.types.size()));
  if (record.order == RowOrder::kSorted) {
    std::ranges::sort(expected);
    std::ranges::sort(rows);
  }
  const bool same = std::ranges::equal(
      expected, rows, [&](const Row& a, const Row& b) { return SameRow(a, b, record.types); });
  if (same) return {};
  return fmt::format("expected {} rows:\n{}found {} rows:\n{}", expected.size(), Listing(expected),
                     rows.size(), Listing(rows));
}

std::string CheckQuery(const Record& record, const Answer& answer) {
  std::string types;
  Row names;
  for (const auto& column : answer.columns) {
    types += LetterOf(column.type);
    names.push_back(column.name);
  }
  if (types != record.types) {
    return fmt::format("expected types {}, found {} ({})\n", record.types, types,
                       fmt::join(names, "  "));
  }
  if (!record.names.empty() && names != record.names) {
    return fmt::format("expected names {}\nfound {}\n", fmt::join(record.names, "  "),
                       fmt::join(names, "  "));
  }
  std::vector<Row> rows;
  for (const auto& values : answer.rows) {
    Row& row = rows.emplace_back();
    for (const auto& value : values)
      row.push_back(FormatForSlt(value));
  }
  return CheckRows(record, std::move(rows));
}

std::string DescribeError(const query::QueryError& error) {
  return fmt::format("error {} {}:{} {}\n{}", error.code, error.line, error.column, error.message,
                     error.hint.empty() ? "" : "---- hint: " + error.hint + "\n");
}

std::string CheckError(const Record& record, const query::QueryError& error) {
  const bool right_place = record.error_line == 0 ||
                           (record.error_line == error.line && record.error_column == error.column);
  const bool right_hint = std::ranges::all_of(record.expected, [&](const std::string& part) {
    return error.hint.find(part) != std::string::npos;
  });
  if (error.code == record.code && right_place && right_hint &&
      error.message.find(record.message) != std::string::npos) {
    return {};
  }
  return "another error than expected: " + DescribeError(error);
}

}  // namespace

std::string FormatForSlt(const Value& value) {
  if (value.is_null()) return "NULL";
  switch (value.type) {
    case DataType::kTimestamp: return FormatTime(value.int64());
    case DataType::kInterval: return query::FormatInterval(value.int64());
    case DataType::kFloat64: return query::FormatDouble(value.float64());
    case DataType::kInt64: return std::to_string(value.int64());
    case DataType::kUint64: return std::to_string(value.uint64());
    case DataType::kBool: return value.boolean() ? "true" : "false";
    case DataType::kString: return FormatString(value.string());
    case DataType::kNull: break;
  }
  return "NULL";
}

std::string CheckAnswer(const Record& record, const Answer& answer) {
  if (!answer.misuse.empty()) return "the answer breaks a rule: " + answer.misuse + "\n";
  if (record.kind == RecordKind::kError) {
    if (!answer.failed) return "expected an error, but it succeeded\n";
    return CheckError(record, answer.error);
  }
  if (answer.failed) return DescribeError(answer.error);
  return record.kind == RecordKind::kQuery ? CheckQuery(record, answer) : std::string();
}

}  // namespace stria::slt
