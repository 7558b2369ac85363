#include "bench/stria_bench/process_stats.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/errors.h"

namespace stria::bench {
namespace {

namespace fs = std::filesystem;

std::string ReadSmallFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// "VmHWM:    1234 kB" -> bytes.
uint64_t StatusBytes(std::string_view status, std::string_view name) {
  const size_t found = status.find(name);
  if (found == std::string_view::npos) return 0;
  const size_t digits = status.find_first_of("0123456789", found);
  if (digits == std::string_view::npos) return 0;
  uint64_t kib = 0;
  std::from_chars(status.data() + digits, status.data() + status.size(), kib);
  return kib << 10;
}

// The inode of the socket that listens on `port`, from a table such as /proc/net/tcp.
std::string ListeningInode(const std::string& table, uint16_t port) {
  std::istringstream lines(ReadSmallFile(table));
  const std::string suffix = fmt::format(":{:04X}", port);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retries, user, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >>
        inode;
    if (state == "0A" && local.ends_with(suffix)) return inode;
  }
  return {};
}

}  // namespace

Result<ProcessStats> ReadProcessStats(pid_t pid) {
  const std::string folder = fmt::format("/proc/{}", pid);
  const std::string stat = ReadSmallFile(folder + "/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return NotFound("no process {}", pid);
  // After the name come the state and ten numbers, then user and system time.
  std::istringstream words(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    words >> skipped;
  uint64_t user = 0, system = 0;
  words >> user >> system;
  const std::string status = ReadSmallFile(folder + "/status");
  return ProcessStats{
      .cpu_seconds =
          static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)),
      .resident_bytes = StatusBytes(status, "VmRSS:"),
      .peak_resident_bytes = StatusBytes(status, "VmHWM:"),
  };
}

double ThreadCpuSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

pid_t FindListener(uint16_t port) {
  std::string inode = ListeningInode("/proc/net/tcp", port);
  if (inode.empty()) inode = ListeningInode("/proc/net/tcp6", port);
  if (inode.empty()) return 0;
  const std::string wanted = fmt::format("socket:[{}]", inode);
  std::error_code error;
  for (auto process = fs::directory_iterator("/proc", error);
       !error && process != fs::directory_iterator(); process.increment(error)) {
    const std::string name = process->path().filename();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    // Those of other users are not to be read, and processes come and go: such are passed over.
    std::error_code unreadable;
    for (auto fd = fs::directory_iterator(process->path() / "fd", unreadable);
         !unreadable && fd != fs::directory_iterator(); fd.increment(unreadable)) {
      std::error_code gone;
      if (fs::read_symlink(fd->path(), gone) == wanted) return pid;
    }
  }
  return 0;
}

uint64_t DirectoryBytes(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(directory, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      bytes += static_cast<uint64_t>(info.st_blocks) * 512;
    }
  }
  return bytes;
}

Status DropPageCache() {
  ::sync();
  std::ofstream file("/proc/sys/vm/drop_caches");
  file << "3\n" << std::flush;
  if (!file) return PermissionDenied("--cold: only root may drop the page cache");
  return Status::Ok();
}

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace stria::bench
