// Compares what a statement answered with what its record expects.

#pragma once

#include <string>

#include "storage/types/value.h"
#include "tests/sql/runner/slt_database.h"
#include "tests/sql/runner/slt_file.h"

namespace stria::slt {

/// `value` as it is written in a .slt file.
std::string FormatForSlt(const Value& value);

/// What is wrong with `answer`, in a form that can be pasted into the file; empty when it is right.
/// Requires a record of kind kStatement, kQuery or kError.
std::string CheckAnswer(const Record& record, const Answer& answer);

}  // namespace stria::slt
