#include "query/bind/scope.h"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "storage/base/nearest_name.h"
#include "storage/types/schema.h"

namespace stria::query {
namespace {

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

Scope::Scope(std::vector<OutputColumn> columns, std::string qualifier, std::string database,
             std::string description)
    : columns_(std::move(columns)),
      qualifier_(std::move(qualifier)),
      database_(std::move(database)),
      description_(std::move(description)) {
  for (uint32_t i = 0; i < columns_.size(); ++i) {
    if (!by_name_.emplace(columns_[i].name, i).second) ambiguous_.insert(columns_[i].name);
  }
}

std::optional<uint32_t> Scope::Find(const std::vector<std::string>& names) const {
  if (names.size() > 3) return std::nullopt;
  if (names.size() >= 2 && names[names.size() - 2] != qualifier_) return std::nullopt;
  if (names.size() == 3 && names[0] != database_) return std::nullopt;
  auto found = by_name_.find(names.back());
  if (found == by_name_.end()) found = by_name_.find(LowerCase(names.back()));
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

bool Scope::IsAmbiguous(uint32_t column) const {
  return !ambiguous_.empty() && ambiguous_.contains(columns_[column].name);
}

std::optional<uint32_t> Scope::FindTime() const {
  const auto found = by_name_.find(std::string(kTimeColumnName));
  if (found == by_name_.end() || columns_[found->second].type != DataType::kTimestamp)
    return std::nullopt;
  return found->second;
}

QueryError Scope::UnknownColumn(const AstExpr& expr) const {
  const std::string name = fmt::format("{}", fmt::join(expr.names, "."));
  if (columns_.empty()) {
    return BindError(expr.position, "unknown_column",
                     fmt::format("column \"{}\" not found: there is no FROM", name),
                     fmt::format("a text is written '{}'", name));
  }
  std::vector<std::string> candidates;
  for (const auto& column : columns_)
    candidates.push_back(column.name);
  const std::string nearest = NearestName(expr.names.back(), candidates);
  std::string hint;
  if (nearest == expr.names.back() && expr.names.size() > 1) {
    hint = fmt::format("write {}.{}", qualifier_, nearest);
  } else if (!nearest.empty()) {
    hint = fmt::format("Did you mean \"{}\"?", nearest);
  } else {
    constexpr size_t kMaxShown = 12;
    const size_t num_shown = std::min(candidates.size(), kMaxShown);
    hint = fmt::format(
        "columns are {}{}",
        fmt::join(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(num_shown), ", "),
        num_shown < candidates.size() ? ", ..." : "");
  }
  return BindError(expr.position, "unknown_column",
                   fmt::format("column \"{}\" not found in {}", name, description_),
                   std::move(hint));
}

}  // namespace stria::query
