// The rows that most benchmarks of this folder run on: those of the TSBS cpu table, in the forms
// that they have on their way from a socket to a part.
//
// Each host writes ten integers between 0 and 100 each 10 seconds, which walk by a normal step. All
// hosts report in one tick, one after the other, with the same time.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/schema.h"
#include "storage/types/series_key.h"
#include "storage/types/table_rows.h"
#include "storage/types/time_range.h"

namespace stria::bench {

inline constexpr uint32_t kNumFields = 10;
inline constexpr int64_t kStartNs = 1'451'606'400 * kNsPerSecond;
inline constexpr int64_t kStepNs = 10 * kNsPerSecond;
inline constexpr const char* kFieldNames[kNumFields] = {
    "usage_user", "usage_system",  "usage_idle",  "usage_nice",  "usage_iowait",
    "usage_irq",  "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice"};

/// Values of one field of one host, row after row.
class Walk {
 public:
  explicit Walk(std::minstd_rand& random)
      : value_(std::uniform_real_distribution<double>(0, 100)(random)) {}
  uint64_t Next(std::minstd_rand& random) {
    const auto value = static_cast<uint64_t>(value_);
    value_ = std::clamp(value_ + std::normal_distribution<double>()(random), 0.0, 100.0);
    return value;
  }

 private:
  double value_;
};

/// `num_ticks` ticks of `num_hosts` hosts, in arrival order; series ids are host numbers.
inline TableRows CpuRows(uint32_t num_hosts, uint32_t num_ticks) {
  std::minstd_rand random(1);
  std::vector<Walk> walks;
  for (uint32_t i = 0; i < num_hosts * kNumFields; ++i)
    walks.emplace_back(random);
  TableRows rows;
  rows.table = TableId(1);
  rows.columns.resize(kNumFields);
  for (uint32_t i = 0; i < kNumFields; ++i) {
    rows.columns[i].id = ColumnId(i + 1);
    rows.columns[i].type = DataType::kInt64;
  }
  for (uint32_t tick = 0; tick < num_ticks; ++tick) {
    for (uint32_t host = 0; host < num_hosts; ++host) {
      rows.series.push_back(host);
      rows.times.push_back(kStartNs + tick * kStepNs);
      for (uint32_t i = 0; i < kNumFields; ++i)
        rows.columns[i].bits.push_back(walks[host * kNumFields + i].Next(random));
    }
  }
  return rows;
}

/// Measurement and tags of a host, as in the suite; 150 bytes or so.
inline std::string CpuSeriesText(uint32_t host) {
  const std::string number = std::to_string(host);
  return "cpu,hostname=host_" + number +
         ",region=eu-central-1,datacenter=eu-central-1a,rack=" + std::to_string(host * 7 % 100) +
         ",os=Ubuntu15.10,arch=x86,team=SF,service=" + std::to_string(host % 20) +
         ",service_version=1,service_environment=test";
}

/// The canonical key of each host.
inline std::vector<std::string> CpuKeys(uint32_t num_hosts) {
  std::vector<std::string> keys;
  for (uint32_t host = 0; host < num_hosts; ++host) {
    const std::string name = "host_" + std::to_string(host);
    std::vector<TagView> tags = {{"hostname", name}, {"region", "eu-central-1"}, {"team", "SF"}};
    keys.push_back(*MakeSeriesKey(tags));
  }
  return keys;
}

/// The position of each host in the order of keys.
inline std::vector<uint32_t> CpuRanks(const std::vector<std::string>& keys) {
  std::vector<uint32_t> order(keys.size()), ranks(keys.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
  for (uint32_t i = 0; i < order.size(); ++i)
    ranks[order[i]] = i;
  return ranks;
}

inline TableSchema CpuSchema() {
  TableSchema schema;
  schema.id = TableId(1);
  schema.database = "bench";
  schema.name = "cpu";
  for (uint32_t i = 0; i < kNumFields; ++i) {
    schema.columns.push_back({.id = ColumnId(i + 1),
                              .name = kFieldNames[i],
                              .role = ColumnRole::kField,
                              .type = DataType::kInt64});
  }
  return schema;
}

}  // namespace stria::bench
