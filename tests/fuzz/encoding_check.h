// What the fuzzer of encodings looks for: bytes that a decoder takes though it should not, reads
// past, or gives values for that do not survive being encoded again.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "storage/types/data_type.h"

namespace stria::storage {

/// Decodes `input`: its first byte chooses what as (a type's vector, times of a run, text,
/// integers, zone maps), the next two are the number of rows, the rest is encoded. Returns the
/// empty string, or what is wrong.
std::string FaultOfDecoding(std::span<const std::byte> input);

/// The input that makes FaultOfDecoding() read `encoded` as a vector of `type`.
std::vector<std::byte> VectorInputOf(DataType type, size_t num_rows,
                                     std::span<const std::byte> encoded);

}  // namespace stria::storage
