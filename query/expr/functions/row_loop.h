// Loops that functions share: a value for each row whose arguments are all there.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "query/expr/batch.h"
#include "storage/base/status.h"

namespace stria::query {

/// Makes `result` a flat column whose row is valid where all of `views` are. False when every row
/// is NULL; `result` is finished then.
inline bool PrepareResult(std::span<const PlainView* const> views, uint32_t num_rows,
                          Column& result) {
  for (const PlainView* view : views) {
    if (!view->all_null()) continue;
    result = Column::Constant(Value::Null(result.type), result.type);
    return false;
  }
  for (const PlainView* view : views) {
    if (view->validity() == nullptr) continue;
    if (result.validity.empty()) result.validity.assign(num_rows, 1);
    for (uint32_t row = 0; row < num_rows; ++row)
      result.validity[row] &= view->validity()[row];
  }
  if (result.type == DataType::kString) {
    result.strings.resize(num_rows);
  } else {
    result.bits.resize(num_rows);
  }
  return true;
}

/// Fills `result` (of a fixed-width type) with `apply(word)` of the only argument. `apply` also
/// sees what stands in NULL rows.
template <typename Apply>
Status ForEachWord(std::span<const Column> args, uint32_t num_rows, Column& result, Apply apply) {
  const PlainView view(args[0], num_rows);
  const PlainView* const views[] = {&view};
  if (!PrepareResult(views, num_rows, result)) return Status::Ok();
  for (uint32_t row = 0; row < num_rows; ++row)
    result.bits[row] = apply(view.Word(row));
  return Status::Ok();
}

/// Calls `apply(row)` -> Status for each row where no argument is NULL, with the arguments' views
/// in `views`; `apply` fills the row of `result`.
template <typename Apply>
Status ForEachValidRow(std::span<const PlainView* const> views, uint32_t num_rows, Column& result,
                       Apply apply) {
  if (!PrepareResult(views, num_rows, result)) return Status::Ok();
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (!result.validity.empty() && result.validity[row] == 0) continue;
    STRIA_RETURN_IF_ERROR(apply(row));
  }
  return Status::Ok();
}

}  // namespace stria::query
