// The settings that the engine obeys.

#pragma once

#include "storage/base/settings.h"
#include "storage/engine/engine.h"

namespace stria::server {

storage::EngineOptions EngineOptionsOf(const Settings& settings);

}  // namespace stria::server
