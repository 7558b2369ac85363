// /proc/net/tcp names the socket that listens, by number; the process is the one that has a file
// descriptor of that number open.

#include "server/port_owner.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace stria::server {
namespace {

namespace fs = std::filesystem;

// Lines of /proc/net/tcp: number, local address, remote address, state, queues, timer, retries,
// user, timeout, inode.
constexpr size_t kLocalAddress = 1;
constexpr size_t kState = 3;
constexpr size_t kInode = 9;
constexpr std::string_view kListening = "0A";

void AddListeners(const char* table, uint16_t port, std::set<std::string>& inodes) {
  std::ifstream lines(table);
  std::string line;
  const std::string wanted = fmt::format(":{:04X}", port);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::vector<std::string> fields;
    for (std::string word; words >> word;)
      fields.push_back(word);
    if (fields.size() <= kInode || fields[kState] != kListening) continue;
    if (fields[kLocalAddress].ends_with(wanted)) inodes.insert(fields[kInode]);
  }
}

bool HoldsOneOf(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    const std::string target = fs::read_symlink(entry->path(), unreadable).string();
    if (!target.starts_with("socket:[") || !target.ends_with("]")) continue;
    if (inodes.contains(target.substr(8, target.size() - 9))) return true;
  }
  return false;
}

}  // namespace

std::string DescribePortOwner(uint16_t port) {
  std::set<std::string> inodes;
  AddListeners("/proc/net/tcp", port, inodes);
  AddListeners("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_process = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_process || !HoldsOneOf(entry->path(), inodes)) continue;
    std::ifstream file(entry->path() / "comm");
    std::string command;
    std::getline(file, command);
    return fmt::format("{} (process {})", command.empty() ? "?" : command, name);
  }
  return {};
}

}  // namespace stria::server
