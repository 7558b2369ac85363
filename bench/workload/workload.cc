#include "bench/workload/workload.h"

#include <utility>

#include "bench/workload/hosts.h"
#include "bench/workload/late_rows.h"
#include "bench/workload/trucks.h"
#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr std::pair<std::string_view, WorkloadKind> kKinds[] = {
    {"cpu-only", WorkloadKind::kCpuOnly},
    {"devops", WorkloadKind::kDevops},
    {"iot", WorkloadKind::kIot},
};

Status CheckShare(std::string_view flag, double share) {
  if (share >= 0 && share < 1) return Status::Ok();
  return InvalidArgument("{} {}: want a share from 0 to below 1, such as 0.05", flag, share);
}

}  // namespace

Status CheckWorkload(const WorkloadOptions& options) {
  if (options.scale == 0) return InvalidArgument("--scale 0: want at least 1");
  if (options.interval_ns <= 0) return InvalidArgument("--interval: want more than 0");
  if (options.duration_ns < options.interval_ns) {
    return InvalidArgument("--duration: want at least one interval");
  }
  if (options.start_ns > INT64_MAX - options.duration_ns) {
    return InvalidArgument("--start: the end lies beyond 2262");
  }
  STRIA_RETURN_IF_ERROR(CheckShare("--out-of-order", options.out_of_order));
  return CheckShare("--duplicates", options.duplicates);
}

Result<std::unique_ptr<RowSource>> OpenWorkload(const WorkloadOptions& options) {
  STRIA_RETURN_IF_ERROR(CheckWorkload(options));
  std::unique_ptr<RowSource> rows =
      options.kind == WorkloadKind::kIot ? MakeTruckRows(options) : MakeHostRows(options);
  if (options.out_of_order == 0 && options.duplicates == 0) return rows;
  return MakeLateRows(options, std::move(rows));
}

Result<WorkloadKind> ParseWorkloadKind(std::string_view name) {
  for (const auto& [known, kind] : kKinds) {
    if (known == name) return kind;
  }
  return InvalidArgument("unknown workload \"{}\". There are cpu-only, devops and iot.", name);
}

std::string_view WorkloadName(WorkloadKind kind) {
  for (const auto& [name, known] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

}  // namespace stria::bench
