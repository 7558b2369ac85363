// Batches live in query/expr, below the operators, because expressions are evaluated over them.

#pragma once

#include "query/expr/batch.h"  // IWYU pragma: export
