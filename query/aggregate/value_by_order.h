// min_by and max_by: the value of the row with the least or greatest `order`. Rows where either is
// NULL do not count. Among equal orders the smaller value is that of the least one and the greater
// that of the greatest, so that the answer does not depend on who came first.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate/accumulator.h"

namespace stria::query {

class ValueByOrder final : public Accumulator {
 public:
  explicit ValueByOrder(const AggregateCall& call);

  void Resize(size_t num_groups) override;
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override;

 private:
  // One side of a row: a word or a text, as its type has it.
  struct Cell {
    uint64_t word = 0;
    std::string_view text;
  };
  // By group.
  struct Cells {
    DataType type = DataType::kNull;
    std::vector<uint64_t> words;
    std::vector<std::string> texts;

    void Resize(size_t num_groups);
    Cell At(uint32_t group) const;
    void Set(uint32_t group, const Cell& cell);
    size_t MemoryBytes() const;
    size_t text_bytes = 0;
  };

  void Offer(uint32_t group, const Cell& value, const Cell& order);

  bool wants_smaller_;
  std::vector<uint8_t> has_value_;
  Cells values_;
  Cells orders_;
};

}  // namespace stria::query
