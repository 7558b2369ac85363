// The rest of a line whose fields are those of lines before: names are compared with the ones that
// are expected, and only the values are parsed. What needs a second look is left to the grammar of
// line_parser.h; the answer is the same either way.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/field_pattern.h"
#include "ingest/line_pattern.h"
#include "ingest/table_builder.h"
#include "storage/types/data_type.h"

namespace stria::ingest {

/// Thread safety: confined to the decoder.
class PredictedFields {
 public:
  /// Where a line ends that is not taken.
  static constexpr size_t kNotTaken = 0;

  /// `unit_ns` is that of the times in `body`; lines without one have `default_time_ns`.
  PredictedFields(std::string_view body, int64_t unit_ns, int64_t default_time_ns,
                  size_t max_line_bytes)
      : body_(body),
        end_(body.data() + body.size()),
        unit_ns_(unit_ns),
        default_time_ns_(default_time_ns),
        max_line_bytes_(max_line_bytes) {}

  /// Stores the fields at `fields_offset` of the line at `begin` in the row of `rows` under way,
  /// and gives its time. Returns the offset of the next line; kNotTaken leaves no trace in `rows`.
  /// Requires a pattern that is not empty.
  size_t Take(TableBuilder& rows, LinePattern& pattern, size_t begin, size_t fields_offset,
              int64_t& time_ns);

 private:
  using Taken = std::array<uint64_t, LinePattern::kMaxFields / 64>;

  const char* TakeFields(TableBuilder& rows, LinePattern& pattern, const char* at, Taken& taken);
  const char* TakeValue(TableBuilder& rows, const FieldPattern& field, const char* at);
  const char* TakeUnusualValue(TableBuilder& rows, const FieldPattern& field, const char* begin);
  const char* TakeString(TableBuilder& rows, const FieldPattern& field, const char* begin);
  const char* TakeTime(const char* at, int64_t& time_ns);
  const char* ParseTime(const char* at, int64_t& time_ns);

  // The text of a time; those of a tick are all the same.
  struct TimeText {
    static constexpr size_t kMinBytes = 8;
    static constexpr size_t kMaxBytes = 24;

    bool Matches(const char* at) const;

    size_t size = 0;  // 0: there is none.
    std::array<uint64_t, 3> words{};
    int64_t time_ns = 0;
  };

  const std::string_view body_;
  const char* const end_;
  const int64_t unit_ns_;
  const int64_t default_time_ns_;
  const size_t max_line_bytes_;
  TimeText last_time_;
};

}  // namespace stria::ingest
