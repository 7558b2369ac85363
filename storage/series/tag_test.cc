#include "storage/series/tag_test.h"

#include <algorithm>
#include <utility>

#include "storage/types/like_pattern.h"

namespace stria::storage {
namespace {

// Longer lists are hashed.
constexpr size_t kShortList = 8;

bool IsInRange(const TagPredicate& range, std::string_view value) {
  if (range.has_low && (range.low_exclusive ? value <= range.low : value < range.low)) return false;
  return !range.has_high || (range.high_exclusive ? value < range.high : value <= range.high);
}

}  // namespace

TagTest::TagTest(const TagPredicate& predicate) : predicate_(predicate) {
  const bool is_regex = predicate.op == TagOp::kRegex || predicate.op == TagOp::kNotRegex;
  if (is_regex && !predicate.values.empty()) {
    if (auto regex = RegexPattern::Compile(predicate.values[0])) regex_ = *std::move(regex);
  } else if (predicate.values.size() > kShortList) {
    values_.insert(predicate.values.begin(), predicate.values.end());
  }
}

bool TagTest::operator()(std::string_view value) const {
  const auto& values = predicate_.values;
  const auto is_listed = [&] {
    return values_.empty() ? std::ranges::find(values, value) != values.end()
                           : values_.contains(value);
  };
  switch (predicate_.op) {
    case TagOp::kIn: return is_listed();
    case TagOp::kNotIn: return !is_listed();
    case TagOp::kLike: return MatchesLike(value, values[0]);
    case TagOp::kNotLike: return !MatchesLike(value, values[0]);
    case TagOp::kRegex: return regex_ && regex_->Matches(value);
    case TagOp::kNotRegex: return regex_ && !regex_->Matches(value);
    case TagOp::kRange: return IsInRange(predicate_, value);
    case TagOp::kIsNull:
    case TagOp::kIsNotNull: break;
  }
  return false;
}

}  // namespace stria::storage
