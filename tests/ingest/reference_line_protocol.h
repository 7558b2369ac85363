// Line protocol decoded one character at a time with nothing clever: the ground truth for the
// decoder. Shares no code with ingest/.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stria::ingest {

struct ReferenceUnsigned {
  uint64_t value = 0;
  friend bool operator==(const ReferenceUnsigned&, const ReferenceUnsigned&) = default;
};

/// Doubles as their bits, so that -0.0 is not 0.0.
struct ReferenceFloat {
  uint64_t bits = 0;
  friend bool operator==(const ReferenceFloat&, const ReferenceFloat&) = default;
};

using ReferenceValue = std::variant<int64_t, ReferenceUnsigned, ReferenceFloat, bool, std::string>;

struct ReferenceRow {
  size_t offset = 0;
  std::string table;
  std::map<std::string, std::string> tags;
  std::map<std::string, ReferenceValue> fields;
  int64_t time_ns = 0;
  friend bool operator==(const ReferenceRow&, const ReferenceRow&) = default;
};

struct ReferenceResult {
  std::vector<ReferenceRow> rows;
  std::vector<size_t> bad_offsets;
};

ReferenceResult DecodeByCharacters(std::string_view body, int64_t unit_ns, int64_t default_time_ns);

}  // namespace stria::ingest
