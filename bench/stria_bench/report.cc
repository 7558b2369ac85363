#include "bench/stria_bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/core.h>

#include "storage/base/json_string.h"

namespace stria::bench {
namespace {

std::string WithThousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t position = digits.size(); position > 3;) {
    position -= 3;
    digits.insert(position, ",");
  }
  return digits;
}

}  // namespace

Cell Cell::Number(double value, int decimals) {
  if (!std::isfinite(value)) return None();
  const std::string json = fmt::format("{:.{}f}", value, decimals);
  if (decimals == 0 && value >= 0) return {json, WithThousands(static_cast<uint64_t>(value + 0.5))};
  return {json, json};
}

Cell Cell::Count(uint64_t value) {
  return {std::to_string(value), WithThousands(value)};
}

Cell Cell::Text(std::string_view text) {
  return {JsonString(text), std::string(text)};
}

Cell Cell::None() {
  return {"null", "-"};
}

std::string Report::Json() const {
  std::string json = "{";
  for (const auto& [name, cell] : figures_)
    json += fmt::format("{}{}: {}", json.size() > 1 ? ",\n " : "", JsonString(name), cell.json);
  if (!columns_.empty()) {
    json += json.size() > 1 ? ",\n \"table\": [" : "\"table\": [";
    for (size_t row = 0; row < rows_.size(); ++row) {
      json += row == 0 ? "\n  {" : ",\n  {";
      for (size_t i = 0; i < columns_.size(); ++i) {
        json += fmt::format("{}{}: {}", i == 0 ? "" : ", ", JsonString(columns_[i]),
                            rows_[row][i].json);
      }
      json += '}';
    }
    json += ']';
  }
  if (!notes_.empty()) {
    json += json.size() > 1 ? ",\n \"notes\": [" : "\"notes\": [";
    for (size_t i = 0; i < notes_.size(); ++i)
      json += (i == 0 ? "" : ", ") + JsonString(notes_[i]);
    json += ']';
  }
  return json + "}\n";
}

std::string Report::Text() const {
  std::string text;
  size_t width = 0;
  for (const auto& figure : figures_)
    width = std::max(width, figure.first.size());
  for (const auto& [name, cell] : figures_)
    text += fmt::format("{:<{}}  {}\n", name, width, cell.text);

  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(columns_[i].size());
    for (const auto& row : rows_)
      widths[i] = std::max(widths[i], row[i].text.size());
  }
  const auto add_line = [&](auto&& cell_text) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      text += i == 0 ? fmt::format("{:<{}}", cell_text(i), widths[i])
                     : fmt::format("  {:>{}}", cell_text(i), widths[i]);
    }
    text += '\n';
  };
  if (!columns_.empty()) {
    if (!text.empty()) text += '\n';
    add_line([&](size_t i) { return columns_[i]; });
  }
  for (const auto& row : rows_)
    add_line([&](size_t i) { return row[i].text; });
  for (const auto& note : notes_)
    text += note + "\n";
  return text;
}

void Report::Print(bool json) const {
  const std::string text = json ? Json() : Text();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace stria::bench
