// The statements that take away: DELETE, DROP TABLE, DROP DATABASE, ALTER TABLE ... DROP COLUMN.

#pragma once

#include "query/bind/binder.h"
#include "query/bind/bound_error.h"
#include "query/sql/ast.h"

namespace stria::query {

/// Binds the conditions of a DELETE one by one, so that each that cannot be used is named. Fails at
/// the first column that is a field: DELETE chooses rows by the time and by tags.
Bound<BoundDelete> BindDelete(const AstDelete& statement, const BindContext& context);

// With IF EXISTS, what is not there is no error: `is_there` then is false.

Bound<BoundDrop> BindDropTable(const AstDropTable& statement, const BindContext& context);
Bound<BoundDrop> BindDropDatabase(const AstDropDatabase& statement, const BindContext& context);
/// Fails for the time and for tags.
Bound<BoundDrop> BindDropColumn(const AstDropColumn& statement, const BindContext& context);

}  // namespace stria::query
