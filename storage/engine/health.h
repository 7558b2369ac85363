// What is wrong at the moment, for system.health, /metrics and the log: damage that is kept away
// from the rest, and work that fails and is tried again.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/mutex.h"

namespace stria::storage {

/// What a finding is about; each has a row in system.health also when all is well.
enum class HealthComponent : uint8_t {
  kLog,
  kManifest,
  kSeries,
  kPart,
  kFlush,
  kCompaction,
  kDisk
};
inline constexpr size_t kNumHealthComponents = 7;

/// "log", "manifest" and so on.
std::string_view HealthComponentName(HealthComponent component);

enum class HealthState : uint8_t {
  kOk,
  kDegraded,     ///< something fails and is tried again
  kQuarantined,  ///< stored bytes are damaged or gone; the rest is served
  kFailed,       ///< no more of it before a restart
};

std::string_view HealthStateName(HealthState state);

struct HealthEntry {
  HealthComponent component = HealthComponent::kLog;
  HealthState state = HealthState::kOk;
  std::string what;      ///< the file or thing; empty when the component as a whole is meant
  std::string detail;    ///< what happened
  int64_t since_ns = 0;  ///< when it was first seen, ns since 1970
  std::string advice;    ///< what to do
};

/// Thread safety: thread-safe.
class Health {
 public:
  explicit Health(Clock& clock) : clock_(clock), start_ns_(clock.NowNs()) {}

  /// Notes a finding and logs it, unless it is known: one for each component and `what`.
  void Report(HealthEntry entry);
  /// It is over.
  void Clear(HealthComponent component, std::string_view what = {});

  /// All findings, and for each component without one an entry that says kOk.
  std::vector<HealthEntry> Entries() const;

 private:
  // Files that are damaged are few, or the disk is gone; beyond this many they are only logged.
  static constexpr size_t kMaxEntries = 10'000;
  using Key = std::pair<HealthComponent, std::string>;

  Clock& clock_;
  const int64_t start_ns_;
  mutable Mutex mutex_;
  std::map<Key, HealthEntry> entries_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
