#include "server/system_tables/system_tables.h"

namespace stria::server {

void AddSystemTables(query::VirtualTableRegistry& tables, const storage::Engine& engine,
                     const Settings& settings, const RejectLog& rejects) {
  AddEngineTables(tables, engine);
  AddServerTables(tables, settings);
  AddRejectsTable(tables, rejects);
}

}  // namespace stria::server
