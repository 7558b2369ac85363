// DIR/run.json: which process serves this directory, and on which ports.
//
//   {"pid":4711,"ports":{"http":40123}}

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/status.h"
#include "storage/io/file_system.h"

namespace stria::server {

/// Thread safety: thread-compatible.
class RunFile {
 public:
  RunFile() = default;
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;
  ~RunFile() { Remove(); }

  /// Writes the file of this process; one of an earlier process is replaced. `files` outlives this.
  Status Write(storage::FileSystem& files, const std::string& directory,
               const std::vector<std::pair<std::string, uint16_t>>& ports);

  /// Removes it, if it was written.
  void Remove();

 private:
  storage::FileSystem* files_ = nullptr;
  std::string path_;
};

}  // namespace stria::server
