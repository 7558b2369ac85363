// Who asks, and the one door where it is decided whether they may.
//
// Every request on any protocol becomes a Principal and passes Authorize(). With authentication off
// everybody is the anonymous administrator, whatever credentials a client sends along: several
// clients always send some.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace stria::server {

enum class Action : uint8_t {
  kRead,    ///< query a table
  kWrite,   ///< write rows, which may make tables and columns
  kCreate,  ///< make a database or a table
  kAdmin,   ///< change or drop tables, flush, compact, settings, system tables
};

struct Principal {
  std::string name;
  bool is_admin = false;

  static Principal Anonymous() { return {.name = "anonymous", .is_admin = true}; }
};

/// Fails with kPermissionDenied, naming who may not do what. An empty `table` means the whole
/// database, an empty `database` the whole server.
Status Authorize(const Principal& principal, Action action, std::string_view database,
                 std::string_view table);

}  // namespace stria::server
