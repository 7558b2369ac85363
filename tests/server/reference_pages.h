// The pages of docs/ that list what a registry declares, printed from it.

#pragma once

#include <string>

namespace stria::server {

std::string ConfigurationPage();  ///< docs/operations/configuration.md
std::string MetricsPage();        ///< docs/operations/metrics.md
std::string ErrorsPage();         ///< docs/protocol/errors.md

}  // namespace stria::server
