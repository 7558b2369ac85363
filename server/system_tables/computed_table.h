// A virtual table made of its description and one function.

#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "query/plan/virtual_table.h"

namespace stria::server {

using TableRowsFunction = std::function<Result<std::vector<std::vector<Value>>>()>;

/// Thread safety: thread-safe if `rows` is.
class ComputedTable final : public query::VirtualTable {
 public:
  ComputedTable(std::string name, std::string description,
                std::vector<query::VirtualColumn> columns, TableRowsFunction rows)
      : name_(std::move(name)),
        description_(std::move(description)),
        columns_(std::move(columns)),
        rows_(std::move(rows)) {}

  const std::string& name() const override { return name_; }
  const std::string& description() const override { return description_; }
  const std::vector<query::VirtualColumn>& columns() const override { return columns_; }
  Result<std::vector<std::vector<Value>>> Rows() const override { return rows_(); }

 private:
  const std::string name_;
  const std::string description_;
  const std::vector<query::VirtualColumn> columns_;
  const TableRowsFunction rows_;
};

}  // namespace stria::server
