// The value of a line protocol field that is not a string: a number or a boolean.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/types/data_type.h"

namespace stria::ingest {

struct FieldValue {
  DataType type = DataType::kFloat64;
  uint64_t bits = 0;  ///< as FieldColumn::bits
};

/// Parses the whole of `text`: `1`, `-1.5e3`, `.5`, `12i`, `12u`, `t`, `True`, ... Returns the
/// empty string, or what is wrong with it in InfluxDB's words. NaN and infinities are wrong, and so
/// is a number that would become one.
std::string ParseFieldValue(std::string_view text, FieldValue& value);

}  // namespace stria::ingest
