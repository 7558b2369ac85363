#include "query/exec/window_frame.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace stria::query {
namespace {

// `position` less, or plus, `offset` rows, inside [begin, end].
uint32_t Earlier(uint32_t position, const Value& offset, uint32_t begin) {
  return offset.int64() > int64_t{position - begin}
             ? begin
             : position - static_cast<uint32_t>(offset.int64());
}
uint32_t Later(uint32_t position, const Value& offset, uint32_t end) {
  return offset.int64() > int64_t{end - position}
             ? end
             : position + static_cast<uint32_t>(offset.int64());
}

// NaN equals itself and is the greatest number.
int OrderOf(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return (std::isnan(a) ? 1 : 0) - (std::isnan(b) ? 1 : 0);
  return a < b ? -1 : a > b ? 1 : 0;
}

}  // namespace

WindowFrames::WindowFrames(const WindowFrame& frame, const WindowRows& rows,
                           WindowPartition partition, const Column* key, const SortKey* order)
    : frame_(frame),
      rows_(rows),
      partition_(partition),
      key_(key),
      order_(order),
      position_(partition.begin),
      peers_{partition.begin, partition.begin},
      current_{partition.begin, partition.begin} {}

WindowPartition WindowFrames::Next() {
  if (position_ >= peers_.end) {
    peers_ = {position_, position_ + 1};
    while (peers_.end < partition_.end && !rows_.IsFirstPeer(peers_.end))
      ++peers_.end;
  }
  current_.begin = BeginOf();
  current_.end = std::max(EndOf(), current_.begin);
  ++position_;
  return current_;
}

uint32_t WindowFrames::BeginOf() {
  const FrameBound& bound = frame_.begin;
  const bool is_rows = frame_.unit == FrameUnit::kRows;
  if (bound.kind == FrameBoundKind::kUnboundedPreceding) return partition_.begin;
  if (bound.kind == FrameBoundKind::kCurrentRow) return is_rows ? position_ : peers_.begin;
  if (is_rows) {
    return bound.kind == FrameBoundKind::kPreceding
               ? Earlier(position_, bound.offset, partition_.begin)
               : Later(position_, bound.offset, partition_.end);
  }
  if (IsNull(position_)) return peers_.begin;  // NULLs are near to each other only.
  const Target target = TargetOf(bound);
  uint32_t begin = current_.begin;
  while (begin < partition_.end && IsBefore(begin, target, false))
    ++begin;
  return begin;
}

uint32_t WindowFrames::EndOf() {
  const FrameBound& bound = frame_.end;
  const bool is_rows = frame_.unit == FrameUnit::kRows;
  if (bound.kind == FrameBoundKind::kUnboundedFollowing) return partition_.end;
  if (bound.kind == FrameBoundKind::kCurrentRow) return is_rows ? position_ + 1 : peers_.end;
  if (is_rows) {
    if (bound.kind == FrameBoundKind::kFollowing)
      return Later(position_ + 1, bound.offset, partition_.end);
    return Earlier(position_ + 1, bound.offset, partition_.begin);
  }
  if (IsNull(position_)) return peers_.end;
  const Target target = TargetOf(bound);
  uint32_t end = current_.end;
  while (end < partition_.end && IsBefore(end, target, true))
    ++end;
  return end;
}

// PRECEDING is against the order: down where it goes up, up where it goes down.
WindowFrames::Target WindowFrames::TargetOf(const FrameBound& bound) const {
  const bool is_down = (bound.kind == FrameBoundKind::kPreceding) != order_->descending;
  const uint64_t bits = key_->bits[position_];
  Target target;
  if (key_->type == DataType::kFloat64) {
    const double value = std::bit_cast<double>(bits);
    target.number = is_down ? value - bound.offset.float64() : value + bound.offset.float64();
    return target;
  }
  const Int128 value =
      key_->type == DataType::kUint64 ? Int128{bits} : Int128{static_cast<int64_t>(bits)};
  target.integer = is_down ? value - bound.offset.int64() : value + bound.offset.int64();
  return target;
}

int WindowFrames::OrderToTarget(uint32_t position, const Target& target) const {
  const uint64_t bits = key_->bits[position];
  if (key_->type == DataType::kFloat64) return OrderOf(std::bit_cast<double>(bits), target.number);
  const Int128 value =
      key_->type == DataType::kUint64 ? Int128{bits} : Int128{static_cast<int64_t>(bits)};
  return value < target.integer ? -1 : value > target.integer ? 1 : 0;
}

// Whether the row comes before the target in the order of the window, or, `or_at`, with it.
bool WindowFrames::IsBefore(uint32_t position, const Target& target, bool or_at) const {
  if (IsNull(position)) return order_->nulls_first;
  const int order = OrderToTarget(position, target);
  if (order == 0) return or_at;
  return (order < 0) != order_->descending;
}

}  // namespace stria::query
