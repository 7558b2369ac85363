#include "tools/cli/terminal.h"

#include <cmath>
#include <cstdio>

#include <fmt/core.h>
#include <unistd.h>

namespace stria::cli {
namespace {

bool progress_shown = false;  // stderr is one per process, and so is what it shows.

}  // namespace

bool IsTerminal(int file_descriptor) {
  return ::isatty(file_descriptor) == 1;
}

std::string WithThousands(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t position = digits.size(); position > first + 3;) {
    position -= 3;
    digits.insert(position, ",");
  }
  return digits;
}

std::string Abbreviate(double number) {
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  size_t unit = 0;
  while (std::abs(number) >= 999.5 && unit + 1 < std::size(kUnits)) {
    number /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f}", number);
  return fmt::format("{:.{}f}{}", number, number < 9.95 ? 1 : 0, kUnits[unit]);
}

void ShowProgress(std::string_view line) {
  if (!IsTerminal(STDERR_FILENO)) return;
  fmt::print(stderr, "\r\x1b[2K{}", line);
  std::fflush(stderr);
  progress_shown = true;
}

void ClearProgress() {
  if (!progress_shown) return;
  fmt::print(stderr, "\r\x1b[2K");
  std::fflush(stderr);
  progress_shown = false;
}

void PrintError(std::string_view message) {
  ClearProgress();
  fmt::print(stderr, "stria: {}\n", message);
}

}  // namespace stria::cli
