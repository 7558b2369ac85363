// How long statements took before, by their text without literals: a guess at how long the next one
// of the kind will take.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/mutex.h"

namespace stria::server {

/// `sql` without what dashboards change between refreshes: numbers and the insides of strings.
std::string WithoutLiterals(std::string_view sql);

/// Remembers some thousand statements; two may share a place, and then the later one has it.
///
/// Thread safety: thread-safe.
class StatementCosts {
 public:
  static constexpr int64_t kUnknown = INT64_MAX;

  /// The time in ns that statements of this kind take, or kUnknown. `kind` is what
  /// WithoutLiterals() made.
  int64_t Expect(std::string_view database, std::string_view kind) const;

  void Note(std::string_view database, std::string_view kind, int64_t elapsed_ns);

 private:
  static constexpr size_t kNumPlaces = 4096;

  struct Place {
    uint64_t key = 0;
    int64_t cost_ns = kUnknown;
  };

  mutable Mutex mutex_;
  std::array<Place, kNumPlaces> places_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::server
