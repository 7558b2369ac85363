#include "query/aggregate/accumulator.h"

#include <utility>

#include "query/aggregate/approx_count_distinct.h"
#include "query/aggregate/approx_percentile.h"
#include "query/aggregate/basic_accumulator.h"
#include "query/aggregate/distinct_values.h"
#include "query/aggregate/histogram.h"
#include "query/aggregate/mode.h"
#include "query/aggregate/moments.h"
#include "query/aggregate/percentile.h"
#include "query/aggregate/time_series.h"
#include "query/aggregate/value_by_order.h"

namespace stria::query {
namespace {

std::unique_ptr<Accumulator> MakeOfAllValues(const AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kFirst:
    case AggregateKind::kLast: return std::make_unique<BasicAccumulator>(call);
    case AggregateKind::kMinBy:
    case AggregateKind::kMaxBy: return std::make_unique<ValueByOrder>(call);
    case AggregateKind::kStddevSamp:
    case AggregateKind::kStddevPop:
    case AggregateKind::kVarSamp:
    case AggregateKind::kVarPop: return std::make_unique<Moments>(call);
    case AggregateKind::kPercentileCont:
    case AggregateKind::kPercentileDisc: return std::make_unique<Percentile>(call);
    case AggregateKind::kApproxPercentile: return std::make_unique<ApproxPercentile>(call);
    case AggregateKind::kMode: return std::make_unique<Mode>(call);
    case AggregateKind::kApproxCountDistinct: return std::make_unique<ApproxCountDistinct>(call);
    case AggregateKind::kHistogram: return std::make_unique<Histogram>(call);
    case AggregateKind::kIncrease:
    case AggregateKind::kRate:
    case AggregateKind::kDelta:
    case AggregateKind::kDerivative:
    case AggregateKind::kTimeWeightedAvg: return std::make_unique<TimeSeries>(call);
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<Accumulator> MakeAccumulator(const AggregateCall& call) {
  auto accumulator = MakeOfAllValues(call);
  if (!call.is_distinct) return accumulator;
  return std::make_unique<DistinctValues>(call, std::move(accumulator));
}

}  // namespace stria::query
