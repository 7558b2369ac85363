// Decodes a body of InfluxDB line protocol into rows, one RowBatch for each table.
//
// The grammar is line_parser.h. This file makes it fast for what devices really send: the same
// series in the same order again and again, each with the same fields. The next line is predicted
// to have the series that followed this one the last time, which one comparison of its raw text
// confirms, and the field that followed each field; then only the values are parsed. A series that
// was not predicted is looked for among those of the body and then among those that other bodies
// made known, both by the hash of its raw text. A text that is new is split without the grammar if
// it is plain. All else goes through the grammar, and the answer is the same either way.
//
// A bad line is refused alone: nothing of it stays in the rows, and decoding goes on at its end.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/precision.h"
#include "storage/base/status.h"
#include "storage/engine/series_text_cache.h"
#include "storage/types/row_batch.h"

namespace stria::ingest {

struct DecodeOptions {
  Precision precision = Precision::kNanoseconds;
  int64_t default_time_ns = 0;  ///< of lines without a time; cut to the precision
  size_t max_errors = 100;      ///< kept; the rest is counted
  size_t max_line_bytes = 4 << 20;
  /// Columns are dense, so a body of few bytes with many columns and rows can take a lot.
  uint64_t max_decoded_bytes = 256 << 20;       ///< and eight times the body
  const storage::KnownSeries* known = nullptr;  ///< of the database, or null; outlives the call
};

/// A line that was refused.
struct LineError {
  uint64_t line_number = 0;  ///< from 1
  uint32_t line_offset = 0;  ///< where it begins in the body
  uint32_t line_bytes = 0;   ///< without the line end
  std::string reason;
};

struct DecodedBody {
  /// Not ok: the whole body is refused, and there are no rows. kResourceExhausted: too large.
  Status status;
  std::vector<RowBatch> batches;  ///< strings point into the body and the batches
  uint64_t num_rows = 0;
  std::vector<LineError> errors;  ///< the first ones, in order
  uint64_t num_errors = 0;
  std::string warning;  ///< a probable mistake in rows that were taken, or empty
};

/// Decodes `body`, which must outlive the result.
DecodedBody DecodeLineProtocol(std::string_view body, const DecodeOptions& options);

}  // namespace stria::ingest
