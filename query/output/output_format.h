// The formats of an answer, and how its times are written.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stria::query {

enum class OutputFormat : uint8_t {
  kJson,       ///< one object: {"columns":[...],"rows":[[...]],"stats":{...}}
  kJsonLines,  ///< one object for each row
  kCsv,        ///< RFC 4180, with a header
  kTsv,        ///< tab-separated, with a header; tabs and line ends in text are escaped
  kPretty,     ///< a table for people
};

/// "json", "jsonl", "csv", "tsv" or "pretty".
std::optional<OutputFormat> ParseOutputFormat(std::string_view name);

/// For messages: "json, jsonl, csv, tsv or pretty".
std::string_view OutputFormatNames();

/// The media type, for Content-Type.
std::string_view ContentTypeOf(OutputFormat format);

/// Times as text in UTC with nanoseconds, or as whole numbers of a unit since 1970, rounded down.
enum class TimeForm : uint8_t { kText, kNanoseconds, kMicroseconds, kMilliseconds, kSeconds };

/// "" (text), "ns", "us", "ms" or "s".
std::optional<TimeForm> ParseTimeForm(std::string_view epoch);

}  // namespace stria::query
