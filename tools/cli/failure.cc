#include "tools/cli/failure.h"

#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {

int ReportFailure(const Status& status) {
  if (status.code() == StatusCode::kCancelled) return kExitInterrupted;
  PrintError(status.message());
  switch (status.code()) {
    case StatusCode::kInvalidArgument: return kExitUsage;
    case StatusCode::kUnavailable: return kExitNoConnection;
    default: return kExitRefused;
  }
}

int ReportRefusal(const HttpAnswer& answer) {
  PrintError(ErrorMessage(answer));
  return kExitRefused;
}

}  // namespace stria::cli
