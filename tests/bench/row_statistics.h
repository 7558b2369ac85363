// What a file of line protocol looks like from afar: the numbers by which a generator is compared
// with the suite's own files. Knows nothing of the generator; reads rows as text.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace stria::bench {

/// Of one field. A step is the difference between two values of a series that are an interval
/// apart.
struct FieldStatistics {
  uint64_t count = 0;
  double sum = 0, min = 0, max = 0;
  uint64_t num_above_90 = 0;
  uint64_t num_steps = 0, num_zero_steps = 0;
  double step_sum = 0, step_square_sum = 0;
  bool is_integer = true;  ///< all values end in i
  size_t max_decimals = 0;

  double mean() const { return sum / static_cast<double>(count); }
  double step_mean() const { return step_sum / static_cast<double>(num_steps); }
  double step_deviation() const;
  double zero_steps() const {
    return static_cast<double>(num_zero_steps) / static_cast<double>(num_steps);
  }
};

/// Of one measurement.
struct MeasurementStatistics {
  uint64_t num_rows = 0;
  std::vector<std::string> tags;    ///< names in the order of the longest row
  std::vector<std::string> fields;  ///< the same
  std::map<std::string, std::set<std::string>, std::less<>> tag_values;
  std::map<std::string, FieldStatistics, std::less<>> by_field;
  uint64_t num_rows_without_tag = 0;    ///< of those that have the first tag
  uint64_t num_rows_without_field = 0;  ///< the same

  /// Share of the rows that lack a field.
  double Missing(std::string_view field) const;
};

/// Thread safety: confined.
class RowStatistics {
 public:
  explicit RowStatistics(int64_t interval_ns) : interval_ns_(interval_ns) {}

  /// Whole rows, each with its newline. Rows without their first tag (`hostname`, `name`) count as
  /// rows and as series only: whose they are is not known.
  void AddText(std::string_view text, std::string_view first_tag);

  std::map<std::string, MeasurementStatistics, std::less<>> measurements;
  uint64_t num_rows = 0;
  uint64_t num_bytes = 0;
  uint64_t num_rows_after_a_later_one = 0;  ///< anywhere before them
  int64_t min_time = INT64_MAX, max_time = INT64_MIN;
  std::unordered_set<std::string> series;  ///< measurement and tags

  double late() const {
    return static_cast<double>(num_rows_after_a_later_one) / static_cast<double>(num_rows);
  }

 private:
  struct LastValue {
    int64_t time = 0;
    double value = 0;
  };

  void AddRow(std::string_view row, std::string_view first_tag);

  const int64_t interval_ns_;
  std::unordered_map<std::string, LastValue> last_;  // By measurement, first tag and field.
};

/// A whole file, compressed with zstd. Fails the running test when it cannot be read.
RowStatistics StatisticsOfFile(const std::string& path, std::string_view first_tag);

/// The committed slice of a reference file.
std::string SlicePath(std::string_view name);

/// The full reference file, or "" where there is none.
std::string FullPath(std::string_view name);

}  // namespace stria::bench
