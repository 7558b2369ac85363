// The error codes of the API, declared once: code, HTTP status and sentence. `error.code` of an
// answer is always one of these.

#pragma once

#include <span>
#include <string_view>

#include "storage/base/status.h"

namespace stria {

struct ErrorCodeDef {
  std::string_view code;
  int http_status = 500;
  std::string_view description;  ///< one sentence: what happened and what to do
};

/// All codes, in the order of docs/protocol/errors.md.
std::span<const ErrorCodeDef> AllErrorCodes();

/// The definition of `code`; that of "corrupt_part" for a code that is not one of them.
const ErrorCodeDef& FindErrorCode(std::string_view code);

/// The API code for a failed Status of the engine: "disk_full" for kDiskFull, and so on.
std::string_view ApiCodeOf(StatusCode code);

}  // namespace stria
