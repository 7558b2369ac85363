// What the fuzzers of the readers of stored bytes look for: a reader that crashes, that takes what
// it would not write in the same words again, or that breaks its promise.
//
// Where a format has a checksum, the check computes it: else no input would come past it.

#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace stria::storage {

struct ReaderCheck {
  const char* name;  ///< of its corpus, too
  /// Reads `input`. Returns the empty string, or what is wrong.
  std::string (*check)(std::span<const std::byte> input);
};

std::span<const ReaderCheck> ReaderChecks();

}  // namespace stria::storage
