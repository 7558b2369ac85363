// What a terminal wants: whether there is one, human numbers, a progress line.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stria::cli {

bool IsTerminal(int file_descriptor);

/// 1204300 -> "1,204,300".
std::string WithThousands(int64_t number);

/// 1400000 -> "1.4 M".
std::string Abbreviate(double number);

/// Prints `line` over the previous one on stderr when that is a terminal; else does nothing.
void ShowProgress(std::string_view line);
/// Clears the progress line.
void ClearProgress();

/// Prints "stria: <message>" to stderr, after clearing the progress line.
void PrintError(std::string_view message);

}  // namespace stria::cli
