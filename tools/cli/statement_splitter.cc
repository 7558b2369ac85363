#include "tools/cli/statement_splitter.h"

namespace stria::cli {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

// The position after the string, quoted name or comment that begins at `begin`, or `begin` when
// none does. An unfinished one reaches to the end.
size_t SkipQuoted(std::string_view text, size_t begin) {
  const auto after = [&](std::string_view mark, size_t from) {
    const size_t end = text.find(mark, from);
    return end == std::string_view::npos ? text.size() : end + mark.size();
  };
  const std::string_view rest = text.substr(begin);
  if (rest.starts_with('\'')) return after("'", begin + 1);
  if (rest.starts_with('"')) return after("\"", begin + 1);
  if (rest.starts_with("--")) return after("\n", begin + 2);
  if (rest.starts_with("/*")) return after("*/", begin + 2);
  return begin;
}

}  // namespace

std::vector<std::string> SplitStatements(std::string_view text) {
  std::vector<std::string> statements;
  const auto add = [&](std::string_view statement) {
    const size_t first = statement.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return;
    const size_t last = statement.find_last_not_of(kBlank);
    statements.emplace_back(statement.substr(first, last - first + 1));
  };
  size_t begin = 0;
  for (size_t position = 0; position < text.size();) {
    if (const size_t after = SkipQuoted(text, position); after != position) {
      position = after;
    } else if (text[position] == ';') {
      add(text.substr(begin, position - begin));
      begin = ++position;
    } else {
      ++position;
    }
  }
  add(text.substr(std::min(begin, text.size())));
  return statements;
}

}  // namespace stria::cli
