#include "server/api/statement_costs.h"

#include <algorithm>
#include <functional>

namespace stria::server {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsNamePart(char c) {
  return IsDigit(c) || c == '_' || c == '"' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

uint64_t KeyOf(std::string_view database, std::string_view kind) {
  const std::hash<std::string_view> hash;
  return hash(kind) * 0x9e3779b97f4a7c15 + hash(database);
}

}  // namespace

std::string WithoutLiterals(std::string_view sql) {
  std::string kind;
  kind.reserve(sql.size());
  for (size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (IsDigit(c) && (kind.empty() || !IsNamePart(kind.back()))) {
      while (i + 1 < sql.size() && (IsDigit(sql[i + 1]) || sql[i + 1] == '.'))
        ++i;
      kind += '0';
      continue;
    }
    kind += c;
    if (c != '\'') continue;
    i = std::min(sql.find('\'', i + 1), sql.size());
    kind += c;
  }
  return kind;
}

int64_t StatementCosts::Expect(std::string_view database, std::string_view kind) const {
  const uint64_t key = KeyOf(database, kind);
  const MutexLock lock(mutex_);
  const Place& place = places_[key % kNumPlaces];
  return place.key == key ? place.cost_ns : kUnknown;
}

void StatementCosts::Note(std::string_view database, std::string_view kind, int64_t elapsed_ns) {
  const uint64_t key = KeyOf(database, kind);
  const MutexLock lock(mutex_);
  Place& place = places_[key % kNumPlaces];
  const bool is_new = place.key != key || place.cost_ns == kUnknown;
  // One slow run counts at once, a fast one by and by.
  place.cost_ns = is_new || elapsed_ns > place.cost_ns
                      ? elapsed_ns
                      : place.cost_ns - (place.cost_ns - elapsed_ns) / 4;
  place.key = key;
}

}  // namespace stria::server
