#include "tests/bench/row_statistics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "bench/stria_bench/bodies.h"

namespace stria::bench {
namespace {

constexpr int64_t kReferenceIntervalNs = 10'000'000'000;

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::pair<std::string_view, std::string_view> SplitPair(std::string_view text) {
  const size_t equals = text.find('=');
  return {text.substr(0, equals), text.substr(equals + 1)};
}

template <typename Map>
auto& At(Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found != map.end() ? found->second : map[std::string(key)];
}

void AddValue(std::string_view text, double value, FieldStatistics& field) {
  field.min = field.count == 0 ? value : std::min(field.min, value);
  field.max = field.count == 0 ? value : std::max(field.max, value);
  ++field.count;
  field.sum += value;
  field.num_above_90 += value > 90 ? 1 : 0;
  field.is_integer = field.is_integer && text.ends_with('i');
  const size_t dot = text.find('.');
  if (dot != std::string_view::npos) {
    field.max_decimals = std::max(field.max_decimals, text.size() - dot - 1);
  }
}

}  // namespace

double FieldStatistics::step_deviation() const {
  const double mean = step_mean();
  return std::sqrt(step_square_sum / static_cast<double>(num_steps) - mean * mean);
}

double MeasurementStatistics::Missing(std::string_view field) const {
  const auto found = by_field.find(field);
  const uint64_t count = found == by_field.end() ? 0 : found->second.count;
  uint64_t most = 0;
  // A field of the model, which is missing in one row of a thousand only, tells how many rows there
  // are of those that count.
  for (const auto& [name, statistics] : by_field)
    most = std::max(most, statistics.count);
  return 1 - static_cast<double>(count) / static_cast<double>(most);
}

void RowStatistics::AddText(std::string_view text, std::string_view first_tag) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    AddRow(text.substr(0, end - 1), first_tag);
    num_bytes += end;
    text.remove_prefix(end);
  }
}

void RowStatistics::AddRow(std::string_view row, std::string_view first_tag) {
  const auto sections = Split(row, ' ');
  ASSERT_EQ(sections.size(), 3U) << row;
  int64_t time = 0;
  std::from_chars(sections[2].data(), sections[2].data() + sections[2].size(), time);
  ++num_rows;
  num_rows_after_a_later_one += time < max_time ? 1 : 0;
  min_time = std::min(min_time, time);
  max_time = std::max(max_time, time);
  series.emplace(sections[0]);

  auto tags = Split(sections[0], ',');
  MeasurementStatistics& measurement = At(measurements, tags.front());
  ++measurement.num_rows;
  std::string key(tags.front());
  tags.erase(tags.begin());
  if (tags.empty() || SplitPair(tags.front()).first != first_tag) return;
  key.append(tags.front());

  const auto fields = Split(sections[1], ',');
  const auto note_names = [](const auto& pairs, std::vector<std::string>& names, uint64_t& fewer) {
    if (pairs.size() > names.size()) {
      names.clear();
      for (const auto pair : pairs)
        names.emplace_back(SplitPair(pair).first);
    }
    if (pairs.size() < names.size()) ++fewer;
  };
  note_names(tags, measurement.tags, measurement.num_rows_without_tag);
  note_names(fields, measurement.fields, measurement.num_rows_without_field);
  for (const auto tag : tags) {
    const auto [name, value] = SplitPair(tag);
    At(measurement.tag_values, name).emplace(value);
  }
  for (const auto pair : fields) {
    const auto [name, text] = SplitPair(pair);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    FieldStatistics& field = At(measurement.by_field, name);
    AddValue(text, value, field);
    const auto [last, is_new] = last_.try_emplace(key + std::string(name));
    if (!is_new && time - last->second.time == interval_ns_) {
      const double step = value - last->second.value;
      ++field.num_steps;
      field.num_zero_steps += step == 0 ? 1 : 0;
      field.step_sum += step;
      field.step_square_sum += step * step;
    }
    if (is_new || time > last->second.time) last->second = {time, value};
  }
}

RowStatistics StatisticsOfFile(const std::string& path, std::string_view first_tag) {
  RowStatistics statistics(kReferenceIntervalNs);
  const auto file = TextFile::Open(path);
  EXPECT_TRUE(file) << path;
  if (!file) return statistics;
  std::string text;
  do {
    const Status status = (*file)->Next(8 << 20, text);
    EXPECT_TRUE(status.ok()) << status.ToString();
    if (!status.ok()) break;
    statistics.AddText(text, first_tag);
  } while (!text.empty());
  return statistics;
}

std::string SlicePath(std::string_view name) {
  return std::string(STRIA_SOURCE_DIR "/tests/data/").append(name);
}

std::string FullPath(std::string_view name) {
  const char* const given = std::getenv("STRIA_TEST_DATA");
  const std::string base = given == nullptr ? STRIA_SOURCE_DIR "/../shared/data" : given;
  std::string path = base + "/tsbs/" + std::string(name);
  return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace stria::bench
