// The grammar of InfluxDB's line protocol, one line at a time. This is the whole language; the
// decoder in line_protocol.cc has a short cut for lines that look like the one before, and comes
// here for all others.
//
//   line:        measurement { ',' tag_key '=' tag_value } ' ' field { ',' field } [ ' ' time ]
//   field:       key '=' value
//   value:       float | int 'i' | uint 'u' | bool | '"' text '"'
//
// A backslash escapes the character after it where that one would mean something: comma and space
// in a measurement; comma, equals sign and space in keys and tag values; quote and backslash in a
// string. Elsewhere it stands for itself. A string may contain line ends; nothing else may. Lines
// end in \n or \r\n. Keys, tag values and strings are UTF-8.
//
// Source: influxdata/influxdb 1.12, models/points.go; the reasons are its words where it has any.
// Differs: a tag or field called `time` fails with a hint (InfluxDB drops it in silence), a field
// that is written twice keeps its last value.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/series_key.h"

namespace stria::ingest {

inline constexpr size_t kMaxSeriesTextBytes = 65'535;

/// One field of a line. `text` is the unescaped value of a string.
struct LineField {
  std::string_view key_text;  ///< the name as it stands in the body
  std::string_view name;
  DataType type = DataType::kFloat64;
  uint64_t bits = 0;
  std::string_view text;
};

/// A line taken apart; may be used for one line after another. The views point into the body or
/// into `unescaped`.
struct ParsedLine {
  std::string_view series_text;  ///< measurement and tags as they stand in the body
  std::string_view measurement;
  std::vector<TagView> tags;  ///< sorted by name
  std::string series_key;
  std::vector<LineField> fields;
  std::optional<int64_t> time;  ///< in the unit of the request
  size_t end = 0;               ///< offset of the next line
  std::deque<std::string> unescaped;
};

/// Parses measurement and tags of the line at `offset` of `body`, which is neither blank nor a
/// comment. Returns the empty string, or the reason why the line is refused; `line` is then
/// unspecified.
std::string ParseSeries(std::string_view body, size_t offset, ParsedLine& line);

/// Parses the rest of a line, from the `offset` where its series text ends. Returns as above.
std::string ParseFieldsAndTime(std::string_view body, size_t offset, ParsedLine& line);

/// The first character at or after `offset` that is not a space, tab or NUL.
size_t SkipSpace(std::string_view body, size_t offset);

/// True where a line ends: at \n, \r\n, or the end of the body.
bool IsLineEnd(std::string_view body, size_t offset);

/// The offset after the line end at `offset`.
size_t AfterLineEnd(std::string_view body, size_t offset);

/// The end of text that means something: the first of `stops` that no backslash precedes, or a line
/// end.
size_t FindUnescaped(std::string_view body, size_t offset, std::string_view stops);

/// The offset of the quote that closes the string whose first character is at `offset`, or npos.
size_t FindClosingQuote(std::string_view body, size_t offset);

/// `text` without the backslashes that stand before one of `escapable`.
std::string Unescape(std::string_view text, std::string_view escapable);

inline constexpr std::string_view kStringEscapes = "\"\\";

}  // namespace stria::ingest
