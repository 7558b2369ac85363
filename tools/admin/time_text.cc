#include "tools/admin/time_text.h"

#include <chrono>

#include <fmt/core.h>

#include "storage/types/time_range.h"

namespace stria::admin {

std::string TimeText(int64_t ns) {
  namespace chrono = std::chrono;
  int64_t day = ns / kNsPerDay;
  if (ns % kNsPerDay < 0) --day;
  // Unsigned, since the first day begins before the least time.
  const uint64_t of_day =
      static_cast<uint64_t>(ns) - static_cast<uint64_t>(day) * static_cast<uint64_t>(kNsPerDay);
  const chrono::year_month_day date{chrono::sys_days{chrono::days{day}}};
  const uint64_t seconds = of_day / static_cast<uint64_t>(kNsPerSecond);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     seconds / 3600, seconds / 60 % 60, seconds % 60,
                     of_day % static_cast<uint64_t>(kNsPerSecond));
}

}  // namespace stria::admin
