#include "query/output/json_writer.h"

#include <bit>
#include <cmath>
#include <deque>
#include <iterator>

#include <fmt/format.h>

#include "query/expr/time_text.h"
#include "query/output/cell_text.h"
#include "query/output/text_buffer.h"
#include "storage/base/json_string.h"

namespace stria::query {
namespace {

std::string StatsJson(const QueryStats& stats, std::string_view note) {
  std::string json = fmt::format(
      R"({{"elapsed_ms":{:.3f},"rows":{},"rows_scanned":{},"parts":{},"parts_pruned":{},)"
      R"("vectors_pruned":{},"bytes_read":{})",
      static_cast<double>(stats.elapsed_ns) / 1e6, stats.rows_returned, stats.rows_scanned,
      stats.parts, stats.parts_pruned, stats.vectors_pruned, stats.bytes_read);
  if (!note.empty()) {
    json += R"(,"note":)";
    AppendJsonString(note, json);
  }
  return json + '}';
}

// What both forms share: the loop over rows, with the text before each cell.
class CellLoop {
 public:
  explicit CellLoop(TimeForm times) : times_(times) {}

  void AddColumn(DataType type, std::string before) {
    types_.push_back(type);
    before_.push_back(std::move(before));
  }
  size_t num_columns() const { return types_.size(); }

  // Writes each row as its cells between `open` and `close`; `separator` stands between rows, and
  // before the first one when `has_rows`.
  void Write(const Batch& batch, bool has_rows, std::string_view separator, std::string_view open,
             std::string_view close, std::string& text) {
    std::deque<PlainView> views;  // PlainView stays where it is made.
    for (const auto& column : batch.columns)
      views.emplace_back(column, batch.num_rows);
    TextBuffer buffer(text);
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      if (has_rows || row != 0) buffer.Append(separator);
      buffer.Append(open);
      for (size_t i = 0; i < types_.size(); ++i) {
        buffer.Append(before_[i]);
        AppendCell(types_[i], views[i], row, buffer);
      }
      buffer.Append(close);
    }
  }

 private:
  void AppendCell(DataType type, const PlainView& view, uint32_t row, TextBuffer& text) {
    if (!view.IsValid(row)) return text.Append("null");
    if (type == DataType::kString) {
      quoted_.clear();
      AppendJsonString(view.String(row), quoted_);
      return text.Append(quoted_);
    }
    const uint64_t word = view.Word(row);
    char* out = text.Room(kMaxNumberChars + 2);
    switch (type) {
      case DataType::kInt64: out = WriteInt64(static_cast<int64_t>(word), out); break;
      case DataType::kUint64: out = WriteUint64(word, out); break;
      case DataType::kFloat64: {
        const auto value = std::bit_cast<double>(word);
        if (!std::isfinite(value)) return text.Append("null");
        out = WriteDouble(value, out);
        break;
      }
      case DataType::kBool: return text.Append(word != 0 ? "true" : "false");
      case DataType::kTimestamp:
        if (times_.is_text()) *out++ = '"';
        out = times_.Write(static_cast<int64_t>(word), out);
        if (times_.is_text()) *out++ = '"';
        break;
      case DataType::kInterval:
        text.Append('"');
        text.Append(FormatInterval(static_cast<int64_t>(word)));
        return text.Append('"');
      default: return text.Append("null");
    }
    text.Take(out);
  }

  TimeWriter times_;
  std::string quoted_;  // Memory that is used again.
  std::vector<DataType> types_;
  std::vector<std::string> before_;
};

class JsonWriter final : public RowWriter {
 public:
  explicit JsonWriter(TimeForm times) : cells_(times) {}

  void Begin(const std::vector<OutputColumn>& columns, std::string& text) override {
    text += R"({"columns":[)";
    for (const auto& column : columns) {
      text += cells_.num_columns() == 0 ? R"({"name":)" : R"(,{"name":)";
      AppendJsonString(column.name, text);
      fmt::format_to(std::back_inserter(text), R"(,"type":"{}"}})", DataTypeName(column.type));
      cells_.AddColumn(column.type, cells_.num_columns() == 0 ? "" : ",");
    }
    text += "],\n\"rows\":[";
  }

  void Rows(const Batch& batch, std::string& text) override {
    if (batch.num_rows == 0) return;
    if (!has_rows_) text += '\n';
    cells_.Write(batch, has_rows_, ",\n", "[", "]", text);
    has_rows_ = true;
  }

  void End(const QueryStats& stats, std::string_view note, std::string& text) override {
    text += "],\n\"stats\":" + StatsJson(stats, note) + "}\n";
  }

  bool Fail(std::string_view error_json, std::string_view, std::string& text) override {
    text.append("],\n\"error\":").append(error_json).append("}\n");
    return true;
  }

 private:
  CellLoop cells_;
  bool has_rows_ = false;
};

class JsonLinesWriter final : public RowWriter {
 public:
  explicit JsonLinesWriter(TimeForm times) : cells_(times) {}

  void Begin(const std::vector<OutputColumn>& columns, std::string&) override {
    for (const auto& column : columns) {
      cells_.AddColumn(column.type,
                       (cells_.num_columns() == 0 ? "" : ",") + JsonString(column.name) + ':');
    }
  }
  void Rows(const Batch& batch, std::string& text) override {
    cells_.Write(batch, false, "", "{", "}\n", text);
  }
  void End(const QueryStats&, std::string_view, std::string&) override {}

  bool Fail(std::string_view error_json, std::string_view, std::string& text) override {
    text.append(R"({"error":)").append(error_json).append("}\n");
    return true;
  }

 private:
  CellLoop cells_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeJsonWriter(TimeForm times) {
  return std::make_unique<JsonWriter>(times);
}

std::unique_ptr<RowWriter> MakeJsonLinesWriter(TimeForm times) {
  return std::make_unique<JsonLinesWriter>(times);
}

}  // namespace stria::query
