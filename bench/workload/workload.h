// The standard workloads as line protocol, row after row: cpu-only, devops and IoT of the Time
// Series Benchmark Suite. An independent implementation: distributions, tags, fields, their order
// and their spelling are the suite's, the random numbers are not.
//
// All series share their timestamps: tick k is at start + k * interval, and the end is exclusive.
// Rows come tick by tick, inside a tick measurement by measurement, inside that host by host.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace stria::bench {

enum class WorkloadKind : uint8_t { kCpuOnly, kDevops, kIot };

/// How the fields that walk at random are written.
enum class NumberForm : uint8_t {
  kStock,        ///< as in the suite: integers for cpu-only and devops, short decimals for IoT
  kTwoDecimals,  ///< floats cut to two decimals
  kFull,         ///< floats with all their digits
};

struct WorkloadOptions {
  WorkloadKind kind = WorkloadKind::kCpuOnly;
  uint64_t scale = 100;  ///< hosts or trucks
  int64_t start_ns = 1'451'606'400'000'000'000;
  int64_t duration_ns = 86'400'000'000'000;
  int64_t interval_ns = 10'000'000'000;
  uint64_t seed = 123;
  NumberForm numbers = NumberForm::kStock;
  /// Hosts come in another random order in every tick; values stay what they are without.
  bool shuffle = false;
  /// Share of rows that come 1 to 10 ticks late.
  double out_of_order = 0;
  /// Share of rows that come a second time, a little later.
  double duplicates = 0;
};

/// Thread safety: confined.
class RowSource {
 public:
  /// No row is longer than this, its newline included.
  static constexpr size_t kMaxRowBytes = 4096;

  virtual ~RowSource() = default;

  /// Writes the next row with its newline to `out`, which has room for kMaxRowBytes, and returns
  /// its end; nullptr when there is none.
  virtual char* WriteRow(char* out) = 0;
};

/// Fails with kInvalidArgument on options that cannot be.
Status CheckWorkload(const WorkloadOptions& options);

/// Fails as CheckWorkload().
Result<std::unique_ptr<RowSource>> OpenWorkload(const WorkloadOptions& options);

/// "cpu-only", "devops" or "iot".
Result<WorkloadKind> ParseWorkloadKind(std::string_view name);
std::string_view WorkloadName(WorkloadKind kind);

}  // namespace stria::bench
