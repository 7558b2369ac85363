// The tables of the database `system`: what the server knows of itself, as rows.

#pragma once

#include "query/plan/virtual_table.h"
#include "server/rejects/reject_log.h"
#include "storage/base/settings.h"
#include "storage/engine/engine.h"

namespace stria::server {

/// Adds system.databases, tables, columns, parts and shards. `engine` outlives `tables`.
void AddEngineTables(query::VirtualTableRegistry& tables, const storage::Engine& engine);

/// Adds system.settings and functions. `settings` outlives `tables`.
void AddServerTables(query::VirtualTableRegistry& tables, const Settings& settings);

/// Adds system.rejects. `rejects` outlives `tables`.
void AddRejectsTable(query::VirtualTableRegistry& tables, const RejectLog& rejects);

/// All of them.
void AddSystemTables(query::VirtualTableRegistry& tables, const storage::Engine& engine,
                     const Settings& settings, const RejectLog& rejects);

}  // namespace stria::server
