// Regular expressions of users, with RE2's syntax: matching takes time in proportion to the text,
// whatever the pattern.

#pragma once

#include <memory>
#include <string_view>

#include "storage/base/status.h"

namespace stria {

/// Thread safety: thread-safe.
class RegexPattern {
 public:
  /// Fails with kInvalidArgument, saying what is wrong where, when `pattern` is no regular
  /// expression or a program for it would be too large.
  static Result<RegexPattern> Compile(std::string_view pattern);

  RegexPattern(RegexPattern&&) noexcept;
  RegexPattern& operator=(RegexPattern&&) noexcept;
  ~RegexPattern();

  /// Whether the pattern matches somewhere in `text`, which is UTF-8; `^` and `$` anchor it.
  bool Matches(std::string_view text) const;

 private:
  struct Program;
  explicit RegexPattern(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace stria
