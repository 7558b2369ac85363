// What is in an engine, in a form that is easy to compare, and lines into it.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/status.h"
#include "storage/engine/engine.h"

namespace stria::storage {

/// A row by (series, time): field name -> value as text, NULLs left out. Series as "a=1,b=2".
using RowKey = std::pair<std::string, int64_t>;
using Fields = std::map<std::string, std::string>;
using Rows = std::map<RowKey, Fields>;

/// Everything that a scan of `table` hands out; nothing for a table that does not exist. Fails when
/// the scan fails, or with kCorruption when what it hands out is not sorted, not free of duplicates
/// or out of range.
Result<Rows> ReadRows(Engine& engine, const std::string& table, TimeRange time = {},
                      std::vector<TagPredicate> tags = {}, bool last_row_only = false,
                      const std::string& database = "db");

/// Takes a row: its series, its time, and its values, which stand at `row` of each of `vectors`.
using RowVisitor = std::function<Status(uint32_t series, int64_t time,
                                        std::span<const VectorView> vectors, uint32_t row)>;

/// Calls `visit` for every row that `scan` of `num_fields` fields hands out. Fails with what
/// `visit` says, when the scan fails, or with kCorruption when times are not sorted or lie outside
/// `range`.
Status VisitRows(Scan& scan, TimeRange range, size_t num_fields, const RowVisitor& visit);

/// A write of line protocol. Requires lines that are well formed.
WriteRequest LinesRequest(const std::string& lines, std::string database = "db");

/// The seed of a random test: STRIA_TEST_SEED, or 1; printed.
uint64_t TestSeed();

}  // namespace stria::storage
