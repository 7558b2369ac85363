#include "query/exec/sort.h"

#include <utility>

namespace stria::query {

SortOperator::SortOperator(const PlanNode& node, std::unique_ptr<Operator> input,
                           QueryContext& context)
    : context_(context), input_(std::move(input)) {
  order_.keys = node.sort_keys;
  order_.top = node.top;
}

Status SortOperator::Open() {
  STRIA_RETURN_IF_ERROR(input_->Open());
  STRIA_ASSIGN_OR_RETURN(rows_, ReadOrdered(*input_, order_, context_));
  return Status::Ok();
}

}  // namespace stria::query
