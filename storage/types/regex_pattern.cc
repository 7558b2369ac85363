#include "storage/types/regex_pattern.h"

#include <utility>

#include <re2/re2.h>

#include "storage/base/errors.h"

namespace stria {
namespace {

constexpr size_t kMaxPatternBytes = 4096;

// Of a program and the automata that are built while it runs. RE2's own limit is 8 MiB, which
// `(a{1000}){1000}` and the like take a second to reach; no pattern on names needs this much.
constexpr int64_t kMaxProgramBytes = 1 << 20;

RE2::Options Options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxProgramBytes);
  return options;
}

re2::StringPiece Piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

struct RegexPattern::Program {
  explicit Program(std::string_view pattern) : re2(Piece(pattern), Options()) {}
  RE2 re2;
};

RegexPattern::RegexPattern(std::unique_ptr<Program> program) : program_(std::move(program)) {}
RegexPattern::RegexPattern(RegexPattern&&) noexcept = default;
RegexPattern& RegexPattern::operator=(RegexPattern&&) noexcept = default;
RegexPattern::~RegexPattern() = default;

Result<RegexPattern> RegexPattern::Compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return InvalidArgument("a regular expression of {} bytes, at most {} are taken", pattern.size(),
                           kMaxPatternBytes);
  }
  auto program = std::make_unique<Program>(pattern);
  if (program->re2.error_code() == RE2::ErrorPatternTooLarge) {
    return InvalidArgument("regular expression too large, its repetitions multiply: {}", pattern);
  }
  if (!program->re2.ok()) {
    return InvalidArgument("no regular expression, {}: {}", program->re2.error(), pattern);
  }
  return RegexPattern(std::move(program));
}

bool RegexPattern::Matches(std::string_view text) const {
  return RE2::PartialMatch(Piece(text), program_->re2);
}

}  // namespace stria
