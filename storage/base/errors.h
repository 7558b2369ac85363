// One function for each code, taking a format string: `return Corruption("run {} is empty", run);`.
//
// Apart from status.h so that headers which only pass a Status on do not pay for the formatter.

#pragma once

#include <string>
#include <utility>

#include <fmt/core.h>

#include "storage/base/status.h"

namespace stria {

#define STRIA_DEFINE_ERROR(Name)                                                    \
  template <typename... Args>                                                       \
  Status Name(fmt::format_string<Args...> format, Args&&... args) {                 \
    return {StatusCode::k##Name, fmt::format(format, std::forward<Args>(args)...)}; \
  }

STRIA_DEFINE_ERROR(InvalidArgument)
STRIA_DEFINE_ERROR(NotFound)
STRIA_DEFINE_ERROR(AlreadyExists)
STRIA_DEFINE_ERROR(Corruption)
STRIA_DEFINE_ERROR(IoError)
STRIA_DEFINE_ERROR(Unavailable)
STRIA_DEFINE_ERROR(ResourceExhausted)
STRIA_DEFINE_ERROR(Cancelled)
STRIA_DEFINE_ERROR(DeadlineExceeded)
STRIA_DEFINE_ERROR(PermissionDenied)
STRIA_DEFINE_ERROR(Unimplemented)
STRIA_DEFINE_ERROR(DiskFull)
STRIA_DEFINE_ERROR(OutOfRange)

#undef STRIA_DEFINE_ERROR

}  // namespace stria
