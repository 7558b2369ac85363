#include "storage/engine/quarantine.h"

#include "storage/base/bytes.h"
#include "storage/base/kill_point.h"

namespace stria::storage {
namespace {

constexpr const char* kReasonSuffix = ".reason";

Status CreateOnce(FileSystem& files, const std::string& path, std::span<const std::byte> bytes) {
  const Status status = CreateIfAbsent(files, path, bytes);
  return status.code() == StatusCode::kAlreadyExists ? Status::Ok() : status;
}

}  // namespace

Status Quarantine::Keep(const std::string& path, const std::string& name,
                        const std::string& reason) {
  STRIA_RETURN_IF_ERROR(files_.CreateDirectories(directory_));
  STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(files_, path));
  STRIA_RETURN_IF_ERROR(
      CreateOnce(files_, directory_ + "/" + name + kReasonSuffix, AsBytes(reason)));
  KillPoint("recovery.quarantine");
  return CreateOnce(files_, directory_ + "/" + name, bytes);
}

Status Quarantine::ReportKept() {
  STRIA_ASSIGN_OR_RETURN(const auto names, files_.List(directory_));
  for (const auto& name : names) {
    if (name.ends_with(kReasonSuffix) || name.ends_with(".tmp")) continue;
    const auto reason = ReadFile(files_, directory_ + "/" + name + kReasonSuffix);
    health_.Report(
        {.component = name.starts_with("series") ? HealthComponent::kSeries : HealthComponent::kLog,
         .state = HealthState::kQuarantined,
         .what = shard_ + "/quarantine/" + name,
         .detail = reason ? std::string(AsText(*reason)) : "a damaged file is kept",
         .since_ns = 0,
         .advice = "restore what is missing from a backup or from its source, and then remove the "
                   "file"});
  }
  return Status::Ok();
}

}  // namespace stria::storage
