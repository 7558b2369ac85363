#include "query/exec/limit.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace stria::query {

Result<bool> LimitOperator::Read(size_t /*morsel*/, const BatchConsumer& consume) {
  uint64_t to_skip = offset_;
  uint64_t to_take = limit_.value_or(std::numeric_limits<uint64_t>::max());
  bool consumer_goes_on = true;
  const auto take = [&](Batch&& batch) -> Result<bool> {
    const auto begin = static_cast<uint32_t>(std::min<uint64_t>(to_skip, batch.num_rows));
    const auto num_rows =
        static_cast<uint32_t>(std::min<uint64_t>(to_take, batch.num_rows - begin));
    to_skip -= begin;
    to_take -= num_rows;
    if (num_rows == batch.num_rows) {
      STRIA_ASSIGN_OR_RETURN(consumer_goes_on, consume(std::move(batch)));
    } else if (num_rows > 0) {
      std::vector<uint32_t> rows(num_rows);
      std::iota(rows.begin(), rows.end(), begin);
      STRIA_ASSIGN_OR_RETURN(consumer_goes_on, consume(batch.Gather(rows)));
    }
    return consumer_goes_on && to_take > 0;
  };
  for (size_t morsel = 0; morsel < input_->num_morsels() && to_take > 0; ++morsel) {
    STRIA_ASSIGN_OR_RETURN(const bool goes_on, input_->Read(morsel, take));
    if (!goes_on) break;
  }
  return consumer_goes_on;
}

}  // namespace stria::query
