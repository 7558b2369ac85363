// The one program `stria`: every verb is a file beside this one.

#include "tools/cli/verbs.h"

int main(int argc, char** argv) {
  return stria::cli::RunCommandLine(argc, argv);
}
