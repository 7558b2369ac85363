#include "query/sql/parse.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include <fmt/core.h>

#include "query/sql/statement_template.h"
#include "storage/base/mutex.h"

namespace stria::query {
namespace {

constexpr size_t kMaxCachedStatements = 1024;
constexpr size_t kMaxCachedBytes = 16 * 1024;  // Longer texts are seldom sent twice.

QueryError ParseError(Position position, std::string message, std::string hint) {
  return {.code = "parse",
          .message = std::move(message),
          .line = position.line,
          .column = position.column,
          .hint = std::move(hint)};
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsKeyword(std::string_view word, std::string_view upper) {
  return std::ranges::equal(word, upper, [](char a, char b) { return (a & ~0x20) == b; });
}

// How deep the tree of a statement can become. Long lists and long chains of AND and OR are flat;
// everything else that goes on and on nests.
class Nesting {
 public:
  // Counts one word or character; the reason to refuse the statement, or "".
  std::string Add(std::string_view token) {
    if (token == "(" || IsKeyword(token, "CASE")) {
      if (++depth_ > kMaxNesting)
        return fmt::format("expressions are nested more than {} deep", kMaxNesting);
    } else if (token == ")" || IsKeyword(token, "END")) {
      depth_ -= depth_ > 0 ? 1 : 0;
    } else if (token == "," || IsKeyword(token, "AND") || IsKeyword(token, "OR")) {
      num_operators_ = 0;
    } else if (kOperators.find(token[0]) != std::string_view::npos || IsKeyword(token, "NOT") ||
               IsKeyword(token, "IS") || IsKeyword(token, "LIKE") || IsKeyword(token, "IN") ||
               IsKeyword(token, "BETWEEN")) {
      if (++num_operators_ > kMaxOperators)
        return fmt::format("an expression has more than {} operators in a row", kMaxOperators);
    }
    return {};
  }

 private:
  static constexpr uint32_t kMaxOperators = 1000;
  static constexpr std::string_view kOperators = "+-*/%=<>!:";

  uint32_t depth_ = 0, num_operators_ = 0;
};

// Strings, quoted names and comments are skipped; what is left is counted. Finds what would make
// the parser slow or overflow its stack, and what its lexer would report poorly.
std::optional<QueryError> CheckText(std::string_view sql) {
  if (sql.size() > kMaxStatementBytes) {
    return ParseError({1, 1},
                      fmt::format("the statement has {} bytes, at most {} are allowed", sql.size(),
                                  kMaxStatementBytes),
                      "write bulk data as line protocol");
  }
  Position position{1, 1};
  Nesting nesting;
  const auto skip = [&](size_t& i, size_t end) {
    for (; i < end; ++i) {
      if ((static_cast<unsigned char>(sql[i]) & 0xc0) != 0x80) ++position.column;
      if (sql[i] == '\n') position = {position.line + 1, 1};
    }
  };
  for (size_t i = 0; i < sql.size();) {
    const char c = sql[i];
    if (c == '\0') return ParseError(position, "the statement has a zero byte", "");
    if (c == '\'' || c == '"') {
      const size_t end = sql.find(c, i + 1);
      if (end == std::string_view::npos) {
        return ParseError(position,
                          c == '\'' ? "the string that begins here does not end"
                                    : "the name that begins here does not end",
                          fmt::format("close it with {}", c));
      }
      skip(i, end + 1);
      continue;
    }
    if (sql.substr(i).starts_with("--")) {
      skip(i, std::min(sql.find('\n', i), sql.size()));
      continue;
    }
    if (sql.substr(i).starts_with("/*")) {
      const size_t end = sql.find("*/", i + 2);
      if (end == std::string_view::npos)
        return ParseError(position, "the comment that begins here does not end",
                          "close it with */");
      skip(i, end + 2);
      continue;
    }
    size_t end = i + 1;
    while (IsWordByte(c) && end < sql.size() && IsWordByte(sql[end]))
      ++end;
    if (auto message = nesting.Add(sql.substr(i, end - i)); !message.empty())
      return ParseError(position, std::move(message), "split the statement");
    skip(i, end);
  }
  return std::nullopt;
}

// The newest so many entries. Thread safety: thread-safe.
template <typename T>
class NewestEntries {
 public:
  std::shared_ptr<const T> Find(const std::string& key) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }

  void Insert(const std::string& key, std::shared_ptr<const T> entry) {
    const MutexLock lock(mutex_);
    if (!entries_.emplace(key, std::move(entry)).second) return;
    order_.push_back(key);
    if (order_.size() <= kMaxCachedStatements) return;
    entries_.erase(order_.front());
    order_.pop_front();
  }

 private:
  Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const T>> entries_ STRIA_GUARDED_BY(mutex_);
  std::deque<std::string> order_ STRIA_GUARDED_BY(mutex_);  // Oldest first.
};

class StatementCache {
 public:
  ParseResult Parse(std::string_view sql) {
    const std::string text(sql);
    if (auto statement = statements_.Find(text)) return statement;
    const auto shape = FindShape(sql);
    if (shape) {
      if (const auto parsed = templates_.Find(shape->key)) {
        if (auto statement = parsed->Instantiate(sql, *shape)) {
          statements_.Insert(text, statement);
          return statement;
        }
      }
    }
    ParseResult result = ParseStatement(sql);
    const auto* statement = std::get_if<std::shared_ptr<const Statement>>(&result);
    if (statement == nullptr) return result;
    statements_.Insert(text, *statement);
    if (shape) {
      if (auto parsed = StatementTemplate::Make(*statement, sql, *shape))
        templates_.Insert(shape->key, std::move(parsed));
    }
    return result;
  }

 private:
  NewestEntries<Statement> statements_;         // By text.
  NewestEntries<StatementTemplate> templates_;  // By shape.
};

}  // namespace

ParseResult ParseStatement(std::string_view sql) {
  if (auto error = CheckText(sql)) return *std::move(error);
  return internal::BuildStatement(sql);
}

ParseResult ParseStatementCached(std::string_view sql) {
  static StatementCache cache;
  return sql.size() > kMaxCachedBytes ? ParseStatement(sql) : cache.Parse(sql);
}

}  // namespace stria::query
