// What a verb found out, for people and as JSON.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stria::bench {

/// One figure. `json` is a JSON value, `text` what people read.
struct Cell {
  std::string json;
  std::string text;

  static Cell Number(double value, int decimals);
  static Cell Count(uint64_t value);
  static Cell Text(std::string_view text);
  /// What could not be measured: null, "-".
  static Cell None();
};

/// Thread safety: confined.
class Report {
 public:
  void Add(std::string name, Cell cell) { figures_.emplace_back(std::move(name), std::move(cell)); }
  /// A line for people only.
  void Note(std::string text) { notes_.push_back(std::move(text)); }

  /// Begins the report's table; AddRow() takes as many cells.
  void SetColumns(std::vector<std::string> names) { columns_ = std::move(names); }
  void AddRow(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

  /// {"name": value, ..., "table": [{"column": value, ...}, ...], "notes": [...]}
  std::string Json() const;
  std::string Text() const;
  /// Prints one of the two to stdout.
  void Print(bool json) const;

 private:
  std::vector<std::pair<std::string, Cell>> figures_;
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::string> notes_;
};

}  // namespace stria::bench
