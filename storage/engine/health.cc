#include "storage/engine/health.h"

#include <utility>

#include "storage/base/log.h"

namespace stria::storage {

std::string_view HealthComponentName(HealthComponent component) {
  switch (component) {
    case HealthComponent::kLog: return "log";
    case HealthComponent::kManifest: return "manifest";
    case HealthComponent::kSeries: return "series";
    case HealthComponent::kPart: return "part";
    case HealthComponent::kFlush: return "flush";
    case HealthComponent::kCompaction: return "compaction";
    case HealthComponent::kDisk: return "disk";
  }
  return "";
}

std::string_view HealthStateName(HealthState state) {
  switch (state) {
    case HealthState::kOk: return "ok";
    case HealthState::kDegraded: return "degraded";
    case HealthState::kQuarantined: return "quarantined";
    case HealthState::kFailed: return "failed";
  }
  return "";
}

void Health::Report(HealthEntry entry) {
  {
    const MutexLock lock(mutex_);
    const Key key{entry.component, entry.what};
    const auto known = entries_.find(key);
    if (known != entries_.end()) {
      // The same trouble with other words, such as another offset, is not news.
      if (known->second.state == entry.state) return;
      entry.since_ns = known->second.since_ns;
      known->second = entry;
    } else {
      if (entry.since_ns == 0) entry.since_ns = clock_.NowNs();
      if (entries_.size() < kMaxEntries) entries_.emplace(key, entry);
    }
  }
  Log(entry.state == HealthState::kDegraded ? LogLevel::kWarning : LogLevel::kError,
      HealthStateName(entry.state),
      {{"component", std::string(HealthComponentName(entry.component))},
       {"what", entry.what},
       {"detail", entry.detail},
       {"advice", entry.advice}});
}

void Health::Clear(HealthComponent component, std::string_view what) {
  {
    const MutexLock lock(mutex_);
    if (entries_.erase({component, std::string(what)}) == 0) return;
  }
  Log(LogLevel::kInfo, "works again",
      {{"component", std::string(HealthComponentName(component))}, {"what", std::string(what)}});
}

std::vector<HealthEntry> Health::Entries() const {
  std::vector<HealthEntry> entries;
  const MutexLock lock(mutex_);
  for (size_t i = 0; i < kNumHealthComponents; ++i) {
    const auto component = static_cast<HealthComponent>(i);
    const size_t before = entries.size();
    for (auto found = entries_.lower_bound({component, ""});
         found != entries_.end() && found->first.first == component; ++found) {
      entries.push_back(found->second);
    }
    if (entries.size() != before) continue;
    entries.push_back({.component = component,
                       .state = HealthState::kOk,
                       .what = {},
                       .detail = {},
                       .since_ns = start_ns_,
                       .advice = {}});
  }
  return entries;
}

}  // namespace stria::storage
