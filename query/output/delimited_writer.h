// Answers as comma- or tab-separated lines, with a header.
//
// CSV follows RFC 4180: lines end with CR LF, and text that has a comma, a quote or a line end is
// quoted. NULL is an empty field and empty text is "", so that they can be told apart.
//
// TSV lines end with LF; backslash, tab, CR and LF in text become \\, \t, \r and \n; NULL is empty.

#pragma once

#include <memory>

#include "query/output/row_writer.h"

namespace stria::query {

std::unique_ptr<RowWriter> MakeCsvWriter(TimeForm times);
std::unique_ptr<RowWriter> MakeTsvWriter(TimeForm times);

}  // namespace stria::query
