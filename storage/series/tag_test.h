// A tag predicate, made ready to be put to many values.

#pragma once

#include <optional>
#include <string_view>
#include <unordered_set>

#include "storage/types/predicate.h"
#include "storage/types/regex_pattern.h"

namespace stria::storage {

/// Thread safety: thread-safe.
class TagTest {
 public:
  /// Keeps a reference to `predicate`. A regular expression that does not compile, which statements
  /// with one are refused for, holds for no value, and neither does its negation.
  explicit TagTest(const TagPredicate& predicate);

  /// Whether `value` satisfies the predicate; not for kIsNull and kIsNotNull.
  bool operator()(std::string_view value) const;

 private:
  const TagPredicate& predicate_;
  std::unordered_set<std::string_view> values_;  // Of a long list.
  std::optional<RegexPattern> regex_;
};

}  // namespace stria::storage
