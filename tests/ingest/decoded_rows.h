// Rows of a decoded body in the form of the reference decoder, so that tests can compare them.

#pragma once

#include <vector>

#include "ingest/line_protocol.h"
#include "tests/ingest/reference_line_protocol.h"

namespace stria::ingest {

/// All rows, in the order of their lines. Checks on the way that the batches are well-formed.
std::vector<ReferenceRow> RowsOf(const DecodedBody& decoded);

}  // namespace stria::ingest
