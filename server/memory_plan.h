// How the memory of the process is shared out.
//
// The ceiling is server.memory or, where that is 0, 60 % of what the machine or the control group
// has. Each use has a share of it at most, and its own setting where that is less; the shares leave
// room for what nobody counts (engine_memory.h says what happens as the ceiling comes near):
//
//   rows not in parts yet       1/4    storage.memory
//   pages of parts              1/8    storage.cache
//   texts of known series       1/16   ingest.series_cache
//   all queries                 1/4
//   one query                   1/4    query.memory
//   bodies that are worked on   1/16   ingest.max_in_flight
//   one body                    1/16   ingest.max_batch

#pragma once

#include <cstdint>

#include "storage/base/settings.h"
#include "storage/base/status.h"

namespace stria::server {

/// Lowers the settings above to their shares, and sets server.memory to the ceiling.
/// `available_bytes` is what the machine has for the process. Fails with kInvalidArgument on a
/// ceiling that is too low to work under.
Status ShareMemory(uint64_t available_bytes, Settings& settings);

/// What all queries may use together, once memory is shared out.
uint64_t QueriesMemory(const Settings& settings);

}  // namespace stria::server
