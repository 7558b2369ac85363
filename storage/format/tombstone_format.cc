#include "storage/format/tombstone_format.h"

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

constexpr uint8_t kHasLow = 1, kHasHigh = 2, kLowExclusive = 4, kHighExclusive = 8;

// Whether `count` values may stand behind an operator.
bool TakesValues(TagOp op, uint64_t count) {
  switch (op) {
    case TagOp::kIn:
    case TagOp::kNotIn: return true;
    case TagOp::kLike:
    case TagOp::kNotLike:
    case TagOp::kRegex:
    case TagOp::kNotRegex: return count == 1;
    case TagOp::kIsNull:
    case TagOp::kIsNotNull:
    case TagOp::kRange: return count == 0;
  }
  return false;
}

uint8_t BoundsOf(const TagPredicate& predicate) {
  unsigned bounds = 0;
  if (predicate.has_low) bounds |= kHasLow | (predicate.low_exclusive ? kLowExclusive : 0U);
  if (predicate.has_high) bounds |= kHasHigh | (predicate.high_exclusive ? kHighExclusive : 0U);
  return static_cast<uint8_t>(bounds);
}

Result<TagPredicate> ReadPredicate(ByteReader& reader) {
  TagPredicate predicate;
  STRIA_ASSIGN_OR_RETURN(predicate.tag, reader.ReadString());
  STRIA_ASSIGN_OR_RETURN(const auto op, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto bounds, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto num_values, reader.ReadVarint());
  predicate.op = static_cast<TagOp>(op);
  if (!TakesValues(predicate.op, num_values)) {
    return Corruption("predicate {} on tag \"{}\" with {} values", op, predicate.tag, num_values);
  }
  for (uint64_t i = 0; i < num_values; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto value, reader.ReadString());
    predicate.values.emplace_back(value);
  }
  predicate.has_low = (bounds & kHasLow) != 0;
  predicate.has_high = (bounds & kHasHigh) != 0;
  predicate.low_exclusive = (bounds & kLowExclusive) != 0;
  predicate.high_exclusive = (bounds & kHighExclusive) != 0;
  if (BoundsOf(predicate) != bounds || (bounds != 0 && predicate.op != TagOp::kRange)) {
    return Corruption("predicate {} on tag \"{}\" with bounds {}", op, predicate.tag, bounds);
  }
  if (predicate.has_low) {
    STRIA_ASSIGN_OR_RETURN(predicate.low, reader.ReadString());
  }
  if (predicate.has_high) {
    STRIA_ASSIGN_OR_RETURN(predicate.high, reader.ReadString());
  }
  return predicate;
}

}  // namespace

void AppendTombstone(const Tombstone& tombstone, std::vector<std::byte>& encoded) {
  AppendVarint(tombstone.table.value(), encoded);
  AppendInteger(tombstone.time.begin, encoded);
  AppendInteger(tombstone.time.end, encoded);
  AppendVarint(tombstone.tags.size(), encoded);
  for (const auto& predicate : tombstone.tags) {
    AppendString(predicate.tag, encoded);
    AppendInteger(static_cast<uint8_t>(predicate.op), encoded);
    AppendInteger(BoundsOf(predicate), encoded);
    AppendVarint(predicate.values.size(), encoded);
    for (const auto& value : predicate.values)
      AppendString(value, encoded);
    if (predicate.has_low) AppendString(predicate.low, encoded);
    if (predicate.has_high) AppendString(predicate.high, encoded);
  }
}

Result<Tombstone> ReadTombstone(ByteReader& reader) {
  Tombstone tombstone;
  STRIA_ASSIGN_OR_RETURN(const auto table, reader.ReadVarint());
  if (table > UINT32_MAX) return Corruption("tombstone of table {}", table);
  tombstone.table = TableId(static_cast<uint32_t>(table));
  STRIA_ASSIGN_OR_RETURN(tombstone.time.begin, reader.Read<int64_t>());
  STRIA_ASSIGN_OR_RETURN(tombstone.time.end, reader.Read<int64_t>());
  if (tombstone.time.empty()) return Corruption("tombstone of no time");
  STRIA_ASSIGN_OR_RETURN(const auto num_predicates, reader.ReadVarint());
  for (uint64_t i = 0; i < num_predicates; ++i) {
    STRIA_ASSIGN_OR_RETURN(auto predicate, ReadPredicate(reader));
    tombstone.tags.push_back(std::move(predicate));
  }
  return tombstone;
}

}  // namespace stria::storage
