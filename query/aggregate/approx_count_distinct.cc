#include "query/aggregate/approx_count_distinct.h"

#include <bit>
#include <cmath>
#include <limits>

#include "query/aggregate/numbers.h"
#include "storage/base/bytes.h"
#include "storage/base/checksum.h"

namespace stria::query {
namespace {

// The same for doubles that are equal.
uint64_t Canonical(DataType type, uint64_t word) {
  if (type != DataType::kFloat64) return word;
  const auto number = std::bit_cast<double>(word);
  if (std::isnan(number)) return std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return number == 0 ? 0 : word;
}

}  // namespace

void ApproxCountDistinct::AddRows(std::span<const uint32_t> groups, const Column* values,
                                  const Column* /*order*/) {
  if (argument_ != DataType::kString) {
    ForEachWord(*values, groups, [&](uint32_t group, uint64_t word) {
      const uint64_t canonical = Canonical(argument_, word);
      sketches_[group].Add(Checksum(std::as_bytes(std::span(&canonical, 1))));
    });
    return;
  }
  if (values->type == DataType::kNull) return;
  const PlainView view(*values, static_cast<uint32_t>(groups.size()));
  for (uint32_t row = 0; row < groups.size(); ++row) {
    if (!view.IsValid(row)) continue;
    sketches_[groups[row]].Add(Checksum(AsBytes(view.String(row))));
  }
}

void ApproxCountDistinct::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& sketches = static_cast<const ApproxCountDistinct&>(other).sketches_;
  for (size_t i = 0; i < mapping.size(); ++i)
    sketches_[mapping[i]].Merge(sketches[i]);
}

Result<Column> ApproxCountDistinct::Finish(std::span<const uint32_t> groups) {
  Column column;
  column.type = DataType::kInt64;
  for (const uint32_t group : groups)
    column.bits.push_back(sketches_[group].Estimate());
  return column;
}

size_t ApproxCountDistinct::MemoryBytes() const {
  size_t bytes = sketches_.capacity() * sizeof(HyperLogLog);
  for (const auto& sketch : sketches_)
    bytes += sketch.MemoryBytes();
  return bytes;
}

}  // namespace stria::query
