// The question that a statement asks before it touches a table.

#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/predicate.h"

namespace stria::query {

enum class Access : uint8_t {
  kRead,    ///< read rows, or see that the table is there
  kCreate,  ///< make a database or a table
  kAlter,   ///< change the options of a table
  kDelete,  ///< delete rows
  kDrop,    ///< drop a table, a column or a database
};

/// Conditions on tags that a row has to satisfy to be seen; none: every row.
using RowFilter = std::vector<storage::TagPredicate>;

/// Decides about one table, or about a database when `table` is empty. Fails with
/// kPermissionDenied. For a read, gives the filter that the scan of the table starts with, below
/// everything that the statement says.
///
/// Thread safety: called from the thread that executes the statement.
using AccessCheck = std::function<Result<RowFilter>(Access access, std::string_view database,
                                                    std::string_view table)>;

}  // namespace stria::query
