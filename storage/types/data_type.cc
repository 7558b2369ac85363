#include "storage/types/data_type.h"

namespace stria {

std::string_view DataTypeName(DataType type) {
  switch (type) {
    case DataType::kTimestamp: return "timestamp";
    case DataType::kFloat64: return "float64";
    case DataType::kInt64: return "int64";
    case DataType::kUint64: return "uint64";
    case DataType::kBool: return "bool";
    case DataType::kString: return "string";
    case DataType::kInterval: return "interval";
    case DataType::kNull: return "null";
  }
  return "unknown";
}

std::string_view ColumnRoleName(ColumnRole role) {
  switch (role) {
    case ColumnRole::kTime: return "time";
    case ColumnRole::kTag: return "tag";
    case ColumnRole::kField: return "field";
  }
  return "unknown";
}

}  // namespace stria
