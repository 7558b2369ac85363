// Who listens on a port, for the message when it is taken.

#pragma once

#include <cstdint>
#include <string>

namespace stria::server {

/// `NAME (process PID)` of a process that listens on TCP `port`, or "" when the system does not
/// tell: it belongs to another user, or there is no /proc.
std::string DescribePortOwner(uint16_t port);

}  // namespace stria::server
