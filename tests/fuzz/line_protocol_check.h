// What the fuzzer of line protocol looks for: a body that the decoder takes in another way than the
// reference, or that breaks the shape of its batches.

#pragma once

#include <string>
#include <string_view>

namespace stria::ingest {

/// Decodes `input` by both decoders: its first byte chooses the precision, the rest is the body.
/// Returns the empty string, or what differs.
std::string DifferenceFromReference(std::string_view input);

}  // namespace stria::ingest
