#include "query/expr/window.h"

#include <algorithm>

namespace stria::query {
namespace {

bool SameBound(const FrameBound& a, const FrameBound& b) {
  return a.kind == b.kind && a.offset == b.offset;
}

}  // namespace

bool SameCall(const WindowCall& a, const WindowCall& b) {
  const auto same = [](const ExprPtr& x, const ExprPtr& y) { return SameExpr(*x, *y); };
  return a.kind == b.kind && a.aggregate == b.aggregate && a.frame.unit == b.frame.unit &&
         SameBound(a.frame.begin, b.frame.begin) && SameBound(a.frame.end, b.frame.end) &&
         std::ranges::equal(a.args, b.args, same);
}

}  // namespace stria::query
