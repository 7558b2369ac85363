// What a request that failed means for the user and for the exit code.

#pragma once

#include "storage/base/status.h"
#include "tools/cli/http_client.h"

namespace stria::cli {

/// Says why there is no answer; returns the exit code.
int ReportFailure(const Status& status);

/// Says what the server answered instead of doing it; returns the exit code.
int ReportRefusal(const HttpAnswer& answer);

}  // namespace stria::cli
