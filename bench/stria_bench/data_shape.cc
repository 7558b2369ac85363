#include "bench/stria_bench/data_shape.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <fmt/core.h>

#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

Result<DataShape> ReadDataShape(ServerUnderTest& server, std::string_view database,
                                WorkloadKind kind) {
  const std::string_view table = kind == WorkloadKind::kIot ? "readings" : "cpu";
  const std::string_view column = kind == WorkloadKind::kIot ? "name" : "hostname";
  DataShape data;

  STRIA_ASSIGN_OR_RETURN(
      const std::string times,
      server.Ask(fmt::format("SELECT min(time), max(time) FROM {}", table), database));
  const char* const times_end = times.data() + times.size();
  const auto first = std::from_chars(times.data(), times_end, data.begin_ns);
  if (first.ec != std::errc() || first.ptr == times_end ||
      std::from_chars(first.ptr + 1, times_end, data.end_ns).ec != std::errc()) {
    return InvalidArgument("{}.{} has no rows. Load some with stria-bench load.", database, table);
  }
  // The suite's convention: the last time and a second.
  data.end_ns += kSecondNs;

  STRIA_ASSIGN_OR_RETURN(
      const std::string names,
      server.Ask(fmt::format("SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL ORDER BY {0}",
                             column, table),
                 database));
  for (size_t begin = 0; begin < names.size();) {
    const size_t end = std::min(names.find('\n', begin), names.size());
    data.names.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return data;
}

}  // namespace stria::bench
