// Reads the tables of the ledger out of an engine, in all the ways a scan can be asked.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/engine/engine.h"
#include "tests/crash/ledger.h"

namespace stria::storage {

/// A condition on a field, which a scan may use to leave out vectors.
struct ValueHint {
  size_t field = 0;
  CompareOp op = CompareOp::kGt;
  int64_t value = 0;
  bool Passes(const RowValues& values) const;
};

/// How a table is read.
struct ReadForm {
  RowChoice choice;
  uint32_t fields = (1U << kNumFields) - 1;  ///< a bit for each that is asked for
  std::optional<ValueHint> hint;  ///< rows that do not pass it are left out on both sides
  bool last_row_only = false;
  std::string ToString() const;
};

/// What `form` sees of `rows`.
LedgerRows SeenBy(const ReadForm& form, const LedgerRows& rows);

/// A scan of a table that may be read later, when the table is another.
///
/// Thread safety: confined.
class HeldScan {
 public:
  /// Opens it. A table that does not exist has no rows.
  static Result<HeldScan> Open(Engine& engine, size_t table, const ReadForm& form);
  /// What it hands out, as SeenBy() says it. Fails as VisitRows() does, or with kCorruption for a
  /// row that is there twice or holds what nobody writes.
  Result<LedgerRows> Read();

  size_t table() const { return table_; }
  const ReadForm& form() const { return form_; }

 private:
  size_t table_ = 0;
  ReadForm form_;
  std::vector<size_t> fields_;  // Positions in kLedgerFields of what the scan hands out.
  std::unique_ptr<Scan> scan_;  // Null: no table.
};

/// The marker rows of operations from `first` on.
Result<std::vector<FoundMarker>> ReadMarkers(Engine& engine, uint64_t first);

}  // namespace stria::storage
