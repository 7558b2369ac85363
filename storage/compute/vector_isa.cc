#include "storage/compute/vector_isa.h"

namespace stria::storage {
namespace {

bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
}

}  // namespace

bool HasVectorIsa(VectorIsa isa) {
  return isa == VectorIsa::kAvx2 || BestVectorIsa() == VectorIsa::kAvx512;
}

VectorIsa BestVectorIsa() {
  static const VectorIsa best = HasAvx512() ? VectorIsa::kAvx512 : VectorIsa::kAvx2;
  return best;
}

}  // namespace stria::storage
