#include "query/output/table_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <deque>

#include <fmt/format.h>

#include "query/expr/time_text.h"
#include "query/output/cell_text.h"
#include "storage/base/json_string.h"

namespace stria::query {
namespace {

// Text without control characters, and how many characters of a terminal it takes: one for each
// code point, which is right for most scripts.
struct Cell {
  std::string text;
  size_t width = 0;
};

Cell MakeCell(std::string_view value) {
  Cell cell;
  while (!value.empty()) {
    const auto byte = static_cast<unsigned char>(value.front());
    const size_t size = Utf8CharacterSize(value);
    // C1 controls are two bytes in UTF-8: 0xC2 and then 0x80 to 0x9F.
    const bool is_c1 = size == 2 && byte == 0xC2 && static_cast<unsigned char>(value[1]) < 0xA0;
    if (size == 0) {
      cell.text += "\xEF\xBF\xBD";
      cell.width += 1;
    } else if (byte < 0x20 || byte == 0x7f || is_c1) {
      const std::string escape =
          byte == '\n'   ? "\\n"
          : byte == '\t' ? "\\t"
          : byte == '\r'
              ? "\\r"
              : fmt::format("\\x{:02x}", is_c1 ? static_cast<unsigned char>(value[1]) : byte);
      cell.text += escape;
      cell.width += escape.size();
    } else {
      cell.text.append(value.substr(0, size));
      cell.width += 1;
    }
    value.remove_prefix(std::max<size_t>(size, 1));
  }
  return cell;
}

// 1400000 -> "1.4 M"; below ten thousand all digits.
std::string ShortCount(uint64_t count) {
  if (count < 10'000) return fmt::format("{}", count);
  const auto number = static_cast<double>(count);
  if (count < 1'000'000) return fmt::format("{:.0f} k", number / 1e3);
  if (count < 1'000'000'000) return fmt::format("{:.1f} M", number / 1e6);
  return fmt::format("{:.1f} G", number / 1e9);
}

std::string ShortDuration(int64_t ns) {
  const auto ms = static_cast<double>(ns) / 1e6;
  return ms < 1000 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.2f} s", ms / 1000);
}

bool IsRightAligned(DataType type) {
  return IsNumeric(type) || type == DataType::kInterval;
}

class TableWriter final : public RowWriter {
 public:
  explicit TableWriter(TimeForm times) : times_(times) {}

  void Begin(const std::vector<OutputColumn>& columns, std::string&) override {
    for (const auto& column : columns) {
      types_.push_back(column.type);
      names_.push_back(MakeCell(column.name));
      widths_.push_back(names_.back().width);
    }
  }

  void Rows(const Batch& batch, std::string& text) override {
    std::deque<PlainView> views;  // PlainView stays where it is made.
    for (const auto& column : batch.columns)
      views.emplace_back(column, batch.num_rows);
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      std::vector<Cell> cells;
      for (size_t i = 0; i < types_.size(); ++i)
        cells.push_back(CellOf(types_[i], views[i], row));
      if (has_header_) {
        AppendRow(cells, text);
        continue;
      }
      waiting_.push_back(std::move(cells));
      if (waiting_.size() == kRowsMeasured) AppendWaiting(text);
    }
  }

  void End(const QueryStats& stats, std::string_view note, std::string& text) override {
    AppendWaiting(text);
    const auto rows = [](uint64_t count) { return count == 1 ? "row" : "rows"; };
    fmt::format_to(std::back_inserter(text), "({} {}, {}, {} {} scanned)\n", stats.rows_returned,
                   rows(stats.rows_returned), ShortDuration(stats.elapsed_ns),
                   ShortCount(stats.rows_scanned), rows(stats.rows_scanned));
    if (!note.empty()) text.append(note).append("\n");
  }

  bool Fail(std::string_view, std::string_view message, std::string& text) override {
    AppendWaiting(text);
    text.append("error: ").append(MakeCell(message).text).append("\n");
    return false;
  }

 private:
  Cell CellOf(DataType type, const PlainView& view, uint32_t row) {
    if (!view.IsValid(row)) return {};
    if (type == DataType::kString) return MakeCell(view.String(row));
    const uint64_t word = view.Word(row);
    std::array<char, kMaxNumberChars> text;
    char* const begin = text.data();
    const auto cell = [&](const char* end) {
      return Cell{std::string(static_cast<const char*>(begin), end),
                  static_cast<size_t>(end - begin)};
    };
    switch (type) {
      case DataType::kInt64: return cell(WriteInt64(static_cast<int64_t>(word), begin));
      case DataType::kUint64: return cell(WriteUint64(word, begin));
      case DataType::kFloat64: return cell(WriteDouble(std::bit_cast<double>(word), begin));
      case DataType::kBool: return MakeCell(word != 0 ? "true" : "false");
      case DataType::kTimestamp:
        return ShortTime(cell(times_.Write(static_cast<int64_t>(word), begin)));
      case DataType::kInterval: return MakeCell(FormatInterval(static_cast<int64_t>(word)));
      default: return {};
    }
  }

  Cell ShortTime(Cell cell) const {
    if (!times_.is_text()) return cell;
    cell.text.pop_back();
    cell.text.erase(cell.text.find_last_not_of('0') + 1);
    if (cell.text.ends_with('.')) cell.text.pop_back();
    cell.text += 'Z';
    cell.width = cell.text.size();
    return cell;
  }

  void AppendWaiting(std::string& text) {
    if (!has_header_) {
      for (const auto& cells : waiting_) {
        for (size_t i = 0; i < cells.size(); ++i)
          widths_[i] = std::max(widths_[i], cells[i].width);
      }
      AppendRow(names_, text);
      for (size_t i = 0; i < widths_.size(); ++i)
        text.append(i == 0 ? "" : "+").append(widths_[i] + 2, '-');
      text += '\n';
      has_header_ = true;
    }
    for (const auto& cells : waiting_)
      AppendRow(cells, text);
    waiting_.clear();
  }

  void AppendRow(const std::vector<Cell>& cells, std::string& text) const {
    for (size_t i = 0; i < cells.size(); ++i) {
      const size_t padding = widths_[i] - std::min(widths_[i], cells[i].width);
      const bool right = IsRightAligned(types_[i]);
      const bool is_last = i + 1 == cells.size();
      text += i == 0 ? " " : " | ";
      if (right) text.append(padding, ' ');
      text += cells[i].text;
      if (!right && !is_last) text.append(padding, ' ');
    }
    text += '\n';
  }

  TimeWriter times_;
  std::vector<DataType> types_;
  std::vector<Cell> names_;
  std::vector<size_t> widths_;
  std::vector<std::vector<Cell>> waiting_;
  bool has_header_ = false;
};

}  // namespace

std::unique_ptr<RowWriter> MakeTableWriter(TimeForm times) {
  return std::make_unique<TableWriter>(times);
}

}  // namespace stria::query
