// The folder shard/<s>/quarantine: copies of damaged files, each with the reason beside it, so that
// nothing that was acknowledged is ever thrown away with the file that held it.
//
// A copy is made before the original may go, and whole or not at all; a start that is killed makes
// it again. Nothing removes what is kept but the operator.

#pragma once

#include <string>

#include "storage/base/status.h"
#include "storage/engine/health.h"
#include "storage/io/file_system.h"

namespace stria::storage {

/// Thread safety: confined to the start of a shard.
class Quarantine {
 public:
  /// `shard` names it in messages: "shard/0".
  Quarantine(FileSystem& files, std::string directory, std::string shard, Health& health)
      : files_(files),
        directory_(std::move(directory)),
        shard_(std::move(shard)),
        health_(health) {}

  /// Copies `path` as `name`; done already if there is one of that name. Fails with kDiskFull or
  /// kIoError.
  Status Keep(const std::string& path, const std::string& name, const std::string& reason);

  /// Reports every copy that is there, with its reason.
  Status ReportKept();

 private:
  FileSystem& files_;
  const std::string directory_;
  const std::string shard_;
  Health& health_;
};

}  // namespace stria::storage
