// The one program `stria-bench`: every verb is a file beside this one.

#include "bench/stria_bench/verbs.h"

int main(int argc, char** argv) {
  return stria::bench::RunCommandLine(argc, argv);
}
