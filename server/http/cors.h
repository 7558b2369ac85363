// Which web pages of other origins may read answers.

#pragma once

#include <string_view>

namespace stria::server {

/// True for pages served from this machine (http://localhost:3000 and the like). Without
/// authentication nothing else stands between a page on the web and the data, so those do not get
/// in.
bool IsLoopbackOrigin(std::string_view origin);

}  // namespace stria::server
