// Stops the process when an invariant is broken.
//
// STRIA_CHECK is always on and stands where durable data is at stake; STRIA_DCHECK is on in builds
// with STRIA_DCHECK_ENABLED and stands in hot loops. Bytes from disk, network or users never reach
// either: they are checked by code that returns a Status.

#pragma once

#include <cstdio>
#include <cstdlib>

namespace stria::internal {

[[noreturn]] inline void FailCheck(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace stria::internal

#define STRIA_CHECK(condition)                                      \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      ::stria::internal::FailCheck(#condition, __FILE__, __LINE__); \
  } while (false)

#if defined(STRIA_DCHECK_ENABLED)
#define STRIA_DCHECK(condition) STRIA_CHECK(condition)
#else
#define STRIA_DCHECK(condition) static_cast<void>(0)
#endif
