// What a DELETE asks of the engine.

#pragma once

#include <string>
#include <variant>

#include "query/bind/binder.h"
#include "query/expr/query_error.h"
#include "storage/engine/engine.h"

namespace stria::query {

/// The range of time and the tags that the conditions of `bound` come to, by the rules that push
/// conditions down into a scan: what they leave over cannot be deleted by, and is the error.
std::variant<storage::DeleteRequest, QueryError> MakeDeleteRequest(const BoundDelete& bound);

/// "deleted from plant.readings: 2025; host in ('a')".
std::string DescribeDelete(const storage::DeleteRequest& request);

}  // namespace stria::query
