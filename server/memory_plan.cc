#include "server/memory_plan.h"

#include <algorithm>

#include "storage/base/errors.h"
#include "storage/base/units.h"

namespace stria::server {
namespace {

constexpr uint64_t kLeastBytes = 128ULL << 20;  // A guess: program, threads and one small body.
constexpr uint64_t kPercentOfAvailable = 60;    // As VictoriaMetrics; the page cache has the rest.
constexpr uint64_t kQueriesDivisor = 4;

struct Share {
  const char* setting;
  uint64_t divisor;
};
constexpr Share kShares[] = {
    {"storage.memory", 4}, {"storage.cache", 8},     {"ingest.series_cache", 16},
    {"query.memory", 4},   {"ingest.max_batch", 16}, {"ingest.max_in_flight", 16},
};

}  // namespace

Status ShareMemory(uint64_t available_bytes, Settings& settings) {
  uint64_t ceiling = settings.Size("server.memory");
  if (ceiling == 0) {
    ceiling = std::max(kLeastBytes, available_bytes / 100 * kPercentOfAvailable);
    STRIA_RETURN_IF_ERROR(settings.Set("server.memory", fmt::format("{}", ceiling)));
  }
  if (ceiling < kLeastBytes) {
    return InvalidArgument("server.memory: {} is too little, {} is the least", FormatSize(ceiling),
                           FormatSize(kLeastBytes));
  }
  for (const auto& [setting, divisor] : kShares) {
    const uint64_t most = ceiling / divisor;
    if (settings.Size(setting) <= most) continue;
    STRIA_RETURN_IF_ERROR(settings.Set(setting, fmt::format("{}", most)));
  }
  return Status::Ok();
}

uint64_t QueriesMemory(const Settings& settings) {
  return settings.Size("server.memory") / kQueriesDivisor;
}

}  // namespace stria::server
