// A refused request, and how each dialect says so.
//
//   house         {"error":{"code","message","line","column","hint","request_id"}}
//   InfluxDB v1   {"error":"message"} and the header X-InfluxDB-Error
//   InfluxDB v2   {"code":"invalid","message":"message"} and X-Platform-Error-Code
//   QuestDB       {"code":"invalid","message":"message","line":1,"errorId":"request id"}
//
// The dialect follows from the route that was asked, so that a client understands even what is
// refused before any handler sees it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/http/http_message.h"
#include "storage/base/status.h"

namespace stria::server {

struct ApiError {
  std::string code;  ///< one of storage/base/error_codes.h, such as "unknown_table"
  std::string message;
  uint32_t line = 0;    ///< from 1; 0 = no place is to blame
  uint32_t column = 0;  ///< from 1
  std::string hint;
  int http_status = 0;  ///< 0: the one of the code
};

/// The error that `status` means to a client.
ApiError ErrorOf(const Status& status);

enum class Dialect : uint8_t { kHouse, kInfluxV1, kInfluxV2, kQuestDb };

Dialect DialectOf(const HttpRequest& request);

/// The answer in the dialect of the request. 503 carries Retry-After.
HttpResponse ErrorResponse(const HttpRequest& request, const ApiError& error);

/// {"code":...}, what stands after "error": in the house form; for errors after the first row of an
/// answer.
std::string HouseErrorObject(const ApiError& error, std::string_view request_id);

}  // namespace stria::server
