// The frame of each row of a partition, one row after the other: both bounds only move forward.

#pragma once

#include <cstdint>

#include "query/exec/window_rows.h"
#include "query/expr/window.h"
#include "storage/base/int128.h"

namespace stria::query {

/// Thread safety: confined.
class WindowFrames {
 public:
  /// Over one partition of `rows`. `key` are the values of the only ORDER BY expression, `order`,
  /// where the frame is a RANGE with an offset, and nullptr otherwise. All outlive the object.
  WindowFrames(const WindowFrame& frame, const WindowRows& rows, WindowPartition partition,
               const Column* key, const SortKey* order);

  /// The frame of the next position, from the first one on; empty ones have begin == end.
  WindowPartition Next();

 private:
  // A value of the key, moved by an offset.
  struct Target {
    Int128 integer = 0;
    double number = 0;
  };

  uint32_t BeginOf();
  uint32_t EndOf();
  bool IsNull(uint32_t position) const {
    return !key_->validity.empty() && key_->validity[position] == 0;
  }
  Target TargetOf(const FrameBound& bound) const;
  int OrderToTarget(uint32_t position, const Target& target) const;
  bool IsBefore(uint32_t position, const Target& target, bool or_at) const;

  const WindowFrame& frame_;
  const WindowRows& rows_;
  const WindowPartition partition_;
  const Column* key_;
  const SortKey* order_;
  uint32_t position_;
  WindowPartition peers_;    // Of the position.
  WindowPartition current_;  // The frame of the position before.
};

}  // namespace stria::query
