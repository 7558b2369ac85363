#include "query/exec/distinct_on.h"

#include <algorithm>
#include <utility>

namespace stria::query {

DistinctOnOperator::DistinctOnOperator(const PlanNode& node, std::unique_ptr<Operator> input,
                                       QueryContext& context)
    : context_(context), input_(std::move(input)) {
  // The sort keys up to the one that completes the set of the distinct keys; a distinct key that is
  // not sorted by goes in front.
  order_.keys = node.sort_keys;
  for (const auto& expr : node.exprs) {
    const auto same = [&](const SortKey& key) { return SameExpr(*key.expr, *expr); };
    auto found = std::ranges::find_if(order_.keys, same);
    if (found == order_.keys.end()) {
      found = order_.keys.insert(order_.keys.begin(), {.expr = expr});
      if (order_.num_distinct_keys > 0) ++order_.num_distinct_keys;
    }
    const auto position = static_cast<size_t>(found - order_.keys.begin()) + 1;
    order_.num_distinct_keys = std::max(order_.num_distinct_keys, position);
  }
}

Status DistinctOnOperator::Open() {
  STRIA_RETURN_IF_ERROR(input_->Open());
  STRIA_ASSIGN_OR_RETURN(rows_, ReadOrdered(*input_, order_, context_));
  return Status::Ok();
}

}  // namespace stria::query
