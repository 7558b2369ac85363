#include "server/run_file.h"

#include <span>

#include <fmt/format.h>
#include <unistd.h>

namespace stria::server {

Status RunFile::Write(storage::FileSystem& files, const std::string& directory,
                      const std::vector<std::pair<std::string, uint16_t>>& ports) {
  std::string text = fmt::format("{{\"pid\":{},\"ports\":{{", ::getpid());
  for (size_t i = 0; i < ports.size(); ++i) {
    text += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", ports[i].first, ports[i].second);
  }
  text += "}}\n";
  const std::string path = directory + "/run.json";
  const std::string temporary = path + ".tmp";
  {
    STRIA_ASSIGN_OR_RETURN(const auto file, files.Create(temporary));
    STRIA_RETURN_IF_ERROR(file->WriteAt(0, std::as_bytes(std::span(text))));
  }
  // Renamed, so that whoever reads it finds it whole. Not synced: after a crash it says nothing.
  STRIA_RETURN_IF_ERROR(files.Rename(temporary, path));
  files_ = &files;
  path_ = path;
  return Status::Ok();
}

void RunFile::Remove() {
  if (files_ == nullptr) return;
  // A file that stays names a process that is gone, as after a crash.
  static_cast<void>(files_->Remove(path_));
  files_ = nullptr;
}

}  // namespace stria::server
