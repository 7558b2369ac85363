// The libFuzzer target of the encodings of columns. Made by the clang preset only:
//
//   cmake --build build/clang --target encoding_fuzz
//   build/clang/bin/encoding_fuzz -max_len=9000 CORPUS tests/fuzz/corpus/encoding
//
// What it finds becomes a file of the corpus, which every build replays.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "tests/fuzz/encoding_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto fault = stria::storage::FaultOfDecoding(std::as_bytes(std::span(data, size)));
  if (fault.empty()) return 0;
  std::fprintf(stderr, "%s\n", fault.c_str());
  std::abort();
}
