// The libFuzzer target of the readers of stored bytes; STRIA_FUZZ_READER names one of
// ReaderChecks(). Made by the clang preset only:
//
//   cmake --build build/clang --target reader_fuzz
//   STRIA_FUZZ_READER=log build/clang/bin/reader_fuzz -max_len=2000 CORPUS tests/fuzz/corpus/log
//
// What it finds becomes a file of the corpus, which every build replays.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/reader_check.h"

namespace {

const stria::storage::ReaderCheck& ChosenCheck() {
  const char* name = std::getenv("STRIA_FUZZ_READER");
  const auto checks = stria::storage::ReaderChecks();
  const auto found = std::ranges::find_if(checks, [name](const auto& check) {
    return name != nullptr && std::string_view(check.name) == name;
  });
  if (found != checks.end()) return *found;
  std::fprintf(stderr, "STRIA_FUZZ_READER must be one of\n");
  for (const auto& check : checks)
    std::fprintf(stderr, "  %s\n", check.name);
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& check = ChosenCheck();
  const auto problem = check.check({reinterpret_cast<const std::byte*>(data), size});
  if (problem.empty()) return 0;
  std::fprintf(stderr, "%s: %s\n", check.name, problem.c_str());
  std::abort();
}
