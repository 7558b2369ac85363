// Which vector instructions a kernel uses.
//
// Every build is for x86-64-v3, which has AVX2. Kernels that gain much from AVX-512 (those that
// look at a mask of NULLs, three times) have a second version, chosen once at run time by what the
// processor and the operating system support.

#pragma once

#include <cstdint>

namespace stria::storage {

enum class VectorIsa : uint8_t {
  kAvx2,    ///< x86-64-v3: always there
  kAvx512,  ///< AVX-512 F, BW, DQ and VL: x86-64-v4
};

/// Whether this machine has `isa`.
bool HasVectorIsa(VectorIsa isa);

/// The widest that this machine has.
VectorIsa BestVectorIsa();

}  // namespace stria::storage
