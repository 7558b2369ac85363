// The standard queries of cpu-only and IoT, restated in Stria's SQL, with random windows and hosts.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/workload/random.h"
#include "bench/workload/workload.h"
#include "storage/base/status.h"

namespace stria::bench {

/// What there is to ask about.
struct DataShape {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;              ///< exclusive
  std::vector<std::string> names;  ///< hosts or trucks
};

/// What is drawn for one text.
struct Question {
  int64_t begin_ns = 0;  ///< the window
  int64_t end_ns = 0;
  std::vector<std::string> names;
  std::string fleet;
};

struct QueryType {
  std::string name;
  int64_t window_ns = 0;  ///< 0: the type has none
  size_t num_names = 0;
  std::function<std::string(const Question&)> make_sql;
};

/// All types of cpu-only (also those of devops) or of IoT.
const std::vector<QueryType>& QueryTypes(WorkloadKind kind);

/// The types of these names, all where there are none. Fails with kInvalidArgument on a name that
/// is none of theirs.
Result<std::vector<const QueryType*>> ChooseTypes(WorkloadKind kind,
                                                  const std::vector<std::string>& names);

/// Why `type` does not fit the data, or nullopt when it does.
std::optional<std::string> Misfit(const QueryType& type, const DataShape& data);

/// A window and names at random. Requires a type that fits the data.
Question DrawQuestion(const QueryType& type, const DataShape& data, Rng& random);

/// `count` texts. The same for the same seed.
std::vector<std::string> DrawTexts(const QueryType& type, const DataShape& data, uint64_t seed,
                                   size_t count);

}  // namespace stria::bench
