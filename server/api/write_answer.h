// What a client is told about the lines of its body that were not stored, in its dialect:
//
//   nothing stored, lines that are no line protocol    400, one "unable to parse 'LINE': REASON"
//   each some stored                                        400, "partial write: ... dropped=N"
//   rows in conflict with the table                    v1 400, v2 422, "partial write: field type
//   conflict: ..."
//
// InfluxDB's clients look for these texts, so they stay as they are; the number of the line stands
// after the reason.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/line_protocol.h"
#include "server/http/api_error.h"
#include "storage/engine/engine.h"

namespace stria::server {

struct WriteOutcome {
  std::string_view body;  ///< decompressed
  std::vector<ingest::LineError> line_errors;
  uint64_t num_line_errors = 0;
  storage::WriteResult result;
};

/// Tells whether a column of the table is a field; else it is a tag, the time, or not there.
using IsFieldColumn = std::function<bool(std::string_view table, std::string_view column)>;

/// The error code of a row that was refused: type_conflict, column_limit, series_limit
/// or, when it may be sent again later, resource_exhausted.
std::string_view RejectionCode(const storage::RowRejection& rejection);

/// The error for `outcome`, or nothing when every line was stored.
std::optional<ApiError> DescribeOutcome(const WriteOutcome& outcome, Dialect dialect,
                                        const IsFieldColumn& is_field);

}  // namespace stria::server
