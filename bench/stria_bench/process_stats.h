// What a process used, as /proc tells it.

#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "storage/base/status.h"

namespace stria::bench {

struct ProcessStats {
  double cpu_seconds = 0;  ///< user and system, of all its threads, in steps of 10 ms
  uint64_t resident_bytes = 0;
  uint64_t peak_resident_bytes = 0;
};

/// Fails with kNotFound when there is no such process.
Result<ProcessStats> ReadProcessStats(pid_t pid);

/// CPU seconds of the calling thread.
double ThreadCpuSeconds();

/// The process that listens on a TCP port of this machine; 0 when it is not to be seen.
pid_t FindListener(uint16_t port);

/// Bytes that the files under `directory` take on disk.
uint64_t DirectoryBytes(const std::string& directory);

/// Writes dirty pages and drops the page cache. Fails with kPermissionDenied without root.
Status DropPageCache();

/// ns of a clock that only goes on.
int64_t NowNs();

}  // namespace stria::bench
