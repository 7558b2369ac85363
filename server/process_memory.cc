#include "server/process_memory.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace stria::server {
namespace {

uint64_t ParseNumber(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

uint64_t PageBytes() {
  static const auto bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

// The number in a file of a control group; 0 where there is none, or no limit ("max").
uint64_t ReadLimit(const char* path) {
  std::ifstream file(path);
  std::string text;
  file >> text;
  return ParseNumber(text);
}

}  // namespace

uint64_t AvailableMemory() {
  uint64_t bytes = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * PageBytes();
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (const uint64_t limit = ReadLimit(path); limit != 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

uint64_t ResidentMemory() {
  // Kept open: it is read for each group of writes.
  static const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char buffer[128];
  const ssize_t size = file < 0 ? -1 : ::pread(file, buffer, sizeof(buffer), 0);
  if (size <= 0) return 0;
  const std::string_view text(buffer, static_cast<size_t>(size));
  const size_t space = text.find(' ');
  return space == std::string_view::npos ? 0 : ParseNumber(text.substr(space + 1)) * PageBytes();
}

void LimitHeaps(uint64_t limit_bytes) {
#ifdef __GLIBC__
  constexpr uint64_t kBytesAHeap = 256 << 20, kMaxKept = 64 << 20;  // Guesses.
  ::mallopt(M_ARENA_MAX, static_cast<int>(std::clamp<uint64_t>(limit_bytes / kBytesAHeap, 2, 16)));
  // Bodies and columns of a few megabytes come from heaps, too: from mappings of their own each
  // would be asked of the system anew, which took a tenth of the CPU time of ingest.
  constexpr int kLargestInHeap = 32 << 20;  // The most that glibc allows.
  ::mallopt(M_MMAP_THRESHOLD, kLargestInHeap);
  ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(std::min(kMaxKept, limit_bytes / 64)));
#else
  static_cast<void>(limit_bytes);
#endif
}

void TrimHeaps() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace stria::server
