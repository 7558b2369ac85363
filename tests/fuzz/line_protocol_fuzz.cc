// The libFuzzer target of line protocol. Made by the clang preset only:
//
//   cmake --build build/clang --target line_protocol_fuzz
//   build/clang/bin/line_protocol_fuzz -max_len=800 CORPUS tests/fuzz/corpus/line_protocol
//
// What it finds becomes a file of the corpus, which every build replays.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/line_protocol_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto difference = stria::ingest::DifferenceFromReference(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (difference.empty()) return 0;
  std::fprintf(stderr, "%s\n", difference.c_str());
  std::abort();
}
