#include "storage/base/units.h"

#include <charconv>
#include <cmath>
#include <span>

#include "storage/base/errors.h"

namespace stria {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kSizeUnits[] = {{"", 1},         {"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20},
                               {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"kB", 1e3},     {"MB", 1e6},
                               {"GB", 1e9},     {"TB", 1e12}};
constexpr double kSecond = 1e9;
constexpr double kDay = 86'400 * kSecond;
constexpr Unit kDurationUnits[] = {{"ns", 1},        {"us", 1e3},         {"ms", 1e6},
                                   {"s", kSecond},   {"m", 60 * kSecond}, {"h", 3600 * kSecond},
                                   {"d", kDay},      {"w", 7 * kDay},     {"mo", 30 * kDay},
                                   {"y", 365 * kDay}};

// Takes "<number> <unit>" from the front of `text`; negative when it does not begin so.
double TakePart(std::string_view& text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return -1;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  while (text.starts_with(' '))
    text.remove_prefix(1);
  size_t size = 0;
  while (size < text.size() && ((text[size] | 32) >= 'a' && (text[size] | 32) <= 'z'))
    ++size;
  for (const auto& unit : units) {
    if (unit.name != text.substr(0, size)) continue;
    text.remove_prefix(size);
    return number * unit.factor;
  }
  return -1;
}

constexpr double kGreatest = 9.2e18;  // Below the greatest int64.

}  // namespace

Result<uint64_t> ParseSize(std::string_view text) {
  std::string_view rest = text;
  const double bytes = TakePart(rest, kSizeUnits);
  if (bytes < 0 || !rest.empty() || bytes > kGreatest) {
    return InvalidArgument(
        "\"{}\" is not a size; write a number with B, KiB, MiB, GiB, kB, MB or GB", text);
  }
  return static_cast<uint64_t>(bytes);
}

Result<int64_t> ParseDuration(std::string_view text) {
  if (text == "0") return int64_t{0};
  double total = 0;
  std::string_view rest = text;
  bool good = !rest.empty();
  while (good && !rest.empty()) {
    const double part = TakePart(rest, kDurationUnits);
    good = part >= 0;
    total += part;
  }
  if (!good || total > kGreatest) {
    return InvalidArgument(
        "\"{}\" is not a duration; write a number with ns, us, ms, s, m, h, d, w, mo or y", text);
  }
  return static_cast<int64_t>(std::llround(total));
}

std::string FormatSize(uint64_t bytes) {
  constexpr std::string_view kNames[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto number = static_cast<double>(bytes);
  size_t unit = 0;
  while (number >= 1024 && unit + 1 < std::size(kNames)) {
    number /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", number, kNames[unit]);
}

}  // namespace stria
