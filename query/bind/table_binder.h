// The statements about what a table is told to be: CREATE TABLE, ALTER TABLE ... SET, SHOW CREATE
// TABLE.

#pragma once

#include "query/bind/binder.h"
#include "query/bind/bound_error.h"
#include "query/sql/ast.h"

namespace stria::query {

/// With IF NOT EXISTS, a table that is there is no error, whatever its columns: `is_there` then is
/// true. Fails at the first column or option that cannot be what it is.
Bound<BoundCreateTable> BindCreateTable(const AstCreateTable& statement,
                                        const BindContext& context);

Bound<BoundSetOptions> BindSetOptions(const AstSetOptions& statement, const BindContext& context);

/// The statement that makes the table as it is, without its rows.
Bound<BoundRows> BindShowCreate(const AstShowCreate& statement, const BindContext& context);

}  // namespace stria::query
