// LIMIT and OFFSET: the rows of the input in their order, and no morsel more than needed.

#pragma once

#include <memory>
#include <optional>

#include "query/exec/operator.h"

namespace stria::query {

class LimitOperator final : public Operator {
 public:
  LimitOperator(std::optional<uint64_t> limit, uint64_t offset, std::unique_ptr<Operator> input)
      : limit_(limit), offset_(offset), input_(std::move(input)) {}

  Status Open() override { return input_->Open(); }
  size_t num_morsels() const override { return 1; }
  uint64_t estimated_rows() const override { return input_->estimated_rows(); }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  std::optional<uint64_t> limit_;
  uint64_t offset_ = 0;
  std::unique_ptr<Operator> input_;
};

}  // namespace stria::query
