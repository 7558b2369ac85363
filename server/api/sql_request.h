// What a request to /api/v1/sql asks for, out of its parameters, headers and body.

#pragma once

#include <memory>
#include <string>
#include <variant>

#include "query/output/output_format.h"
#include "query/session/session.h"
#include "server/http/api_error.h"
#include "server/http/http_message.h"

namespace stria::server {

struct SqlRequest {
  std::string sql;
  std::string database;
  query::OutputFormat format = query::OutputFormat::kJson;
  query::TimeForm times = query::TimeForm::kText;
  query::QueryLimits limits;
};

/// Reads `request`. `most` are the limits of the server, which a request can only lower. Parameters
/// of the URL win over those of the body. The error says what is wrong with which of them.
std::variant<SqlRequest, ApiError> ReadSqlRequest(const HttpRequest& request,
                                                  const query::QueryLimits& most,
                                                  size_t max_statement_bytes);

}  // namespace stria::server
