// Conditions on the time become the range of the scan: a part without a row in it is not opened,
// and the rows of a series are cut by position.
//
//   Filter time >= '2016-01-01' AND time < '2016-01-02'    ->    Scan time >= ... and time < ...
//     Scan
//
// A bucket of the time counts as well: time_bucket('1h', time) >= '2016-01-01 10:30' holds from
// 11:00 on. Ranges are half-open; `<=` and `>` move by one nanosecond, and `=` is a range of one.
// `<>` and IN stay in the filter; IN narrows the range as well. A condition that can never hold
// makes the range empty, so that nothing is read.

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void PushTimeRanges(PlanPtr& plan);

}  // namespace stria::query
