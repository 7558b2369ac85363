#include "tests/sql/runner/slt_file.h"

#include <algorithm>
#include <charconv>

#include "storage/base/errors.h"

namespace stria::slt {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// The first word of `text`, which is cut off it.
std::string_view TakeWord(std::string_view& text) {
  text = Trim(text);
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = Trim(text.substr(end));
  return word;
}

// "3:14" into a position. False, and nothing changed, when it is none.
bool ParsePosition(std::string_view word, Record& record) {
  const size_t colon = word.find(':');
  if (colon == std::string_view::npos) return false;
  uint32_t line = 0;
  uint32_t column = 0;
  const char* end = word.data() + word.size();
  const char* middle = word.data() + colon;
  const auto first = std::from_chars(word.data(), middle, line);
  const auto second = std::from_chars(middle + 1, end, column);
  if (first.ec != std::errc() || first.ptr != middle) return false;
  if (second.ec != std::errc() || second.ptr != end) return false;
  record.error_line = line;
  record.error_column = column;
  return true;
}

Status ParseQueryHead(std::string_view rest, Record& record) {
  record.kind = RecordKind::kQuery;
  record.types = TakeWord(rest);
  if (record.types.empty() || record.types.find_first_not_of("IURBTPD") != std::string::npos) {
    return InvalidArgument("line {}: types are letters of I U R B T P D", record.line);
  }
  const std::string_view order = TakeWord(rest);
  if (order == "rowsort") {
    record.order = RowOrder::kSorted;
  } else if (order == "contains") {
    record.order = RowOrder::kContains;
  } else if (!order.empty()) {
    return InvalidArgument("line {}: \"{}\" is neither rowsort nor contains", record.line, order);
  }
  return Status::Ok();
}

Status ParseHead(std::string_view line, Record& record) {
  std::string_view rest = line;
  const std::string_view word = TakeWord(rest);
  if (word == "write") {
    record.kind = RecordKind::kWrite;
    record.database = TakeWord(rest);
    record.precision = TakeWord(rest);
    if (!record.database.empty()) return Status::Ok();
  } else if (word == "database") {
    record.kind = RecordKind::kDatabase;
    record.database = TakeWord(rest);
    if (!record.database.empty()) return Status::Ok();
  } else if (word == "now") {
    record.kind = RecordKind::kNow;
    record.time = rest;
    if (!record.time.empty()) return Status::Ok();
  } else if (word == "statement" && rest == "ok") {
    record.kind = RecordKind::kStatement;
    return Status::Ok();
  } else if (word == "query") {
    return ParseQueryHead(rest, record);
  } else if (word == "error") {
    record.kind = RecordKind::kError;
    record.code = TakeWord(rest);
    std::string_view after = rest;
    if (ParsePosition(TakeWord(after), record)) rest = after;
    record.message = rest;
    if (!record.code.empty()) return Status::Ok();
  }
  return InvalidArgument("line {}: \"{}\" is no record", record.line, line);
}

bool NeedsBody(RecordKind kind) {
  return kind != RecordKind::kDatabase && kind != RecordKind::kNow;
}

Status CheckRecord(const Record& record) {
  if (NeedsBody(record.kind) == record.body.empty()) {
    return InvalidArgument("line {}: a record {} lines below its head", record.line,
                           record.body.empty() ? "without" : "with");
  }
  if (record.kind == RecordKind::kQuery && !record.has_expected) {
    return InvalidArgument("line {}: a query without ---- and rows", record.line);
  }
  return Status::Ok();
}

// Bytes of the quoted string that `text` begins with, quotes included; 0 when it begins otherwise.
size_t QuotedLength(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  size_t end = 1;
  while (end < text.size() && text[end] != '"')
    end += text[end] == '\\' ? 2U : 1U;
  return std::min(end + 1, text.size());
}

// Reads lines one after the other into the record under way.
class Parser {
 public:
  Status Add(std::string_view line) {
    ++line_number_;
    if (Trim(line).empty()) return Finish();
    if (!in_record_) {
      if (line.starts_with('#')) return Status::Ok();
      in_record_ = true;
      record_ = Record();
      record_.line = line_number_;
      return ParseHead(line, record_);
    }
    if (line.starts_with("----") && !record_.has_expected) {
      record_.has_expected = true;
      const std::string_view names = Trim(line.substr(4));
      if (!names.empty()) record_.names = SplitRow(names, record_.types.size());
      return Status::Ok();
    }
    if (record_.has_expected) {
      record_.expected.emplace_back(line);
    } else {
      record_.body += (record_.body.empty() ? "" : "\n") + std::string(line);
    }
    return Status::Ok();
  }

  Status Finish() {
    if (!in_record_) return Status::Ok();
    in_record_ = false;
    STRIA_RETURN_IF_ERROR(CheckRecord(record_));
    records_.push_back(std::move(record_));
    return Status::Ok();
  }

  std::vector<Record> Take() { return std::move(records_); }

 private:
  std::vector<Record> records_;
  Record record_;
  bool in_record_ = false;
  uint32_t line_number_ = 0;
};

}  // namespace

std::vector<std::string> SplitRow(std::string_view line, size_t num_columns) {
  line = Trim(line);
  if (num_columns == 1) return {std::string(line)};
  std::vector<std::string> values;
  while (!line.empty()) {
    const size_t after_quotes = QuotedLength(line);
    const size_t tab = std::min(line.find('\t', after_quotes), line.size());
    const size_t end = std::min(line.find("  ", after_quotes), tab);
    values.emplace_back(line.substr(0, end));
    line = Trim(line.substr(end));
  }
  return values;
}

Result<std::vector<Record>> ParseSlt(std::string_view text) {
  Parser parser;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    STRIA_RETURN_IF_ERROR(parser.Add(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  STRIA_RETURN_IF_ERROR(parser.Finish());
  auto records = parser.Take();
  if (records.empty()) return InvalidArgument("the file has no record");
  return records;
}

}  // namespace stria::slt
