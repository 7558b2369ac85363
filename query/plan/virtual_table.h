// Tables that are computed when they are read: everything below `system.`.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/data_type.h"
#include "storage/types/value.h"

namespace stria::query {

struct VirtualColumn {
  std::string name;
  DataType type = DataType::kString;
  std::string description;
};

/// Thread safety: thread-safe.
class VirtualTable {
 public:
  virtual ~VirtualTable() = default;

  virtual const std::string& name() const = 0;         ///< without "system."
  virtual const std::string& description() const = 0;  ///< one sentence
  virtual const std::vector<VirtualColumn>& columns() const = 0;

  /// All rows; each has a value for each column.
  virtual Result<std::vector<std::vector<Value>>> Rows() const = 0;
};

/// The virtual tables of a server, by name. Filled at start, then read only.
class VirtualTableRegistry {
 public:
  void Add(std::unique_ptr<VirtualTable> table) { tables_.push_back(std::move(table)); }
  const VirtualTable* Find(std::string_view name) const {
    for (const auto& table : tables_) {
      if (table->name() == name) return table.get();
    }
    return nullptr;
  }
  const std::vector<std::unique_ptr<VirtualTable>>& tables() const { return tables_; }

 private:
  std::vector<std::unique_ptr<VirtualTable>> tables_;
};

}  // namespace stria::query
