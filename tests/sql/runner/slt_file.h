// Reads a .slt file into records. tests/sql/README.md describes the form.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace stria::slt {

enum class RecordKind : uint8_t { kWrite, kDatabase, kNow, kStatement, kQuery, kError };

enum class RowOrder : uint8_t {
  kAsIs,
  kSorted,    ///< both sides are sorted before they are compared
  kContains,  ///< each expected line is part of a row, in this order
};

/// One record. Which members are used depends on `kind`; the others are empty.
struct Record {
  RecordKind kind = RecordKind::kStatement;
  uint32_t line = 0;      ///< of the record's first line, from 1
  std::string database;   ///< kWrite, kDatabase
  std::string precision;  ///< kWrite
  std::string time;       ///< kNow
  std::string types;      ///< kQuery: a letter a column
  RowOrder order = RowOrder::kAsIs;
  std::string code;                           ///< kError
  uint32_t error_line = 0, error_column = 0;  ///< kError; 0: not checked
  std::string message;                        ///< kError: part of the message
  std::string body;                           ///< statement or line protocol
  bool has_expected = false;                  ///< there is a ---- line
  std::vector<std::string> names;             ///< kQuery: column names, if given
  std::vector<std::string> expected;          ///< lines after ----, as written
};

/// Fails with kInvalidArgument and the line number when the text is not in the form.
Result<std::vector<Record>> ParseSlt(std::string_view text);

/// The values of a row: cut at tabs and at two or more blanks. `num_columns` 1: the whole line.
std::vector<std::string> SplitRow(std::string_view line, size_t num_columns);

}  // namespace stria::slt
