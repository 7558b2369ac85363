#include "query/output/delimited_writer.h"

#include <algorithm>
#include <bit>
#include <deque>

#include "query/expr/time_text.h"
#include "query/output/cell_text.h"
#include "query/output/text_buffer.h"

namespace stria::query {
namespace {

struct CsvStyle {
  static constexpr char kSeparator = ',';
  static constexpr std::string_view kLineEnd = "\r\n";

  static void AppendText(std::string_view value, TextBuffer& text) {
    if (!value.empty() && value.find_first_of(",\"\r\n") == std::string_view::npos) {
      return text.Append(value);
    }
    text.Append('"');
    for (size_t quote; (quote = value.find('"')) != std::string_view::npos;) {
      text.Append(value.substr(0, quote + 1));
      text.Append('"');
      value.remove_prefix(quote + 1);
    }
    text.Append(value);
    text.Append('"');
  }
};

struct TsvStyle {
  static constexpr char kSeparator = '\t';
  static constexpr std::string_view kLineEnd = "\n";

  static void AppendText(std::string_view value, TextBuffer& text) {
    while (!value.empty()) {
      const size_t special = std::min(value.find_first_of("\\\t\r\n"), value.size());
      text.Append(value.substr(0, special));
      value.remove_prefix(special);
      if (value.empty()) return;
      switch (value.front()) {
        case '\t': text.Append("\\t"); break;
        case '\r': text.Append("\\r"); break;
        case '\n': text.Append("\\n"); break;
        default: text.Append("\\\\");
      }
      value.remove_prefix(1);
    }
  }
};

template <typename Style>
class DelimitedWriter final : public RowWriter {
 public:
  explicit DelimitedWriter(TimeForm times) : times_(times) {}

  void Begin(const std::vector<OutputColumn>& columns, std::string& text) override {
    if (columns.empty()) return;  // Of a statement that answers nothing.
    TextBuffer buffer(text);
    for (const auto& column : columns) {
      if (!types_.empty()) buffer.Append(Style::kSeparator);
      Style::AppendText(column.name, buffer);
      types_.push_back(column.type);
    }
    buffer.Append(Style::kLineEnd);
  }

  void Rows(const Batch& batch, std::string& text) override {
    std::deque<PlainView> views;  // PlainView stays where it is made.
    for (const auto& column : batch.columns)
      views.emplace_back(column, batch.num_rows);
    TextBuffer buffer(text);
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      for (size_t i = 0; i < types_.size(); ++i) {
        if (i != 0) buffer.Append(Style::kSeparator);
        if (views[i].IsValid(row)) AppendCell(types_[i], views[i], row, buffer);
      }
      buffer.Append(Style::kLineEnd);
    }
  }

  void End(const QueryStats&, std::string_view, std::string&) override {}
  bool Fail(std::string_view, std::string_view, std::string&) override { return false; }

 private:
  void AppendCell(DataType type, const PlainView& view, uint32_t row, TextBuffer& text) {
    if (type == DataType::kString) return Style::AppendText(view.String(row), text);
    const uint64_t word = view.Word(row);
    char* const out = text.Room(kMaxNumberChars);
    switch (type) {
      case DataType::kInt64: return text.Take(WriteInt64(static_cast<int64_t>(word), out));
      case DataType::kUint64: return text.Take(WriteUint64(word, out));
      case DataType::kFloat64: return text.Take(WriteDouble(std::bit_cast<double>(word), out));
      case DataType::kBool: return text.Append(word != 0 ? "true" : "false");
      case DataType::kTimestamp: return text.Take(times_.Write(static_cast<int64_t>(word), out));
      case DataType::kInterval: return text.Append(FormatInterval(static_cast<int64_t>(word)));
      default: return;
    }
  }

  TimeWriter times_;
  std::vector<DataType> types_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeCsvWriter(TimeForm times) {
  return std::make_unique<DelimitedWriter<CsvStyle>>(times);
}

std::unique_ptr<RowWriter> MakeTsvWriter(TimeForm times) {
  return std::make_unique<DelimitedWriter<TsvStyle>>(times);
}

}  // namespace stria::query
