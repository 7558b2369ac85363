// 128-bit integers, for sums that must not overflow.

#pragma once

namespace stria {

__extension__ using Int128 = __int128;

}  // namespace stria
