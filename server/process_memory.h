// What the system says of the memory of this process.

#pragma once

#include <cstdint>

namespace stria::server {

/// What the machine has or, if that is less, what the control group of the process may use.
uint64_t AvailableMemory();

/// Bytes of the process that are in memory now.
uint64_t ResidentMemory();

/// Has threads share heaps, the more the lower `limit_bytes` is, and lets each keep less of what
/// was freed. Of the whole process; before it starts threads.
void LimitHeaps(uint64_t limit_bytes);

/// Gives memory that was freed back to the system.
void TrimHeaps();

}  // namespace stria::server
