// The canonical key of a series: its tag set as bytes.
//
//   key: repeated, in ascending order of name: { name: string, value: string }
//   string: varint length, bytes
//
// Names and values are unescaped; tags with an empty value are left out; a name occurs once. The
// key of a row without tags is empty. Equality of series is equality of these bytes.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/ids.h"

namespace stria {

using TagView = std::pair<std::string_view, std::string_view>;

/// Builds the key of `tags` (any order, which is sorted in place; empty values are dropped). Fails
/// with kInvalidArgument when a name occurs twice.
Result<std::string> MakeSeriesKey(std::vector<TagView>& tags);

/// Splits a key; the views point into it. Fails with kCorruption on bytes that are not a key.
Result<std::vector<TagView>> ParseSeriesKey(std::string_view key);

/// XXH3-64 of table id and key. Its top 12 bits are the slot, which the catalog maps to a shard.
/// Fixed for ever.
uint64_t HashSeriesKey(TableId table, std::string_view key);

inline constexpr uint32_t kNumSlots = 4096;
constexpr uint32_t SlotOf(uint64_t key_hash) {
  return static_cast<uint32_t>(key_hash >> 52);
}

/// "name=value,name=value" for messages and EXPLAIN.
std::string FormatSeriesKey(std::string_view key);

}  // namespace stria
