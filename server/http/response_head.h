// The bytes before the body of an answer: status line and headers.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/http/http_message.h"

namespace stria::server {

/// What clients take for the version of an InfluxDB; some read the numbers.
inline constexpr std::string_view kInfluxVersion = "1.12.0-stria0.1.0";
inline constexpr std::string_view kVersion = "0.1.0";

/// How the end of a body is known.
enum class BodyFraming : uint8_t { kLength, kChunked, kUntilClose };

struct HeadOptions {
  std::string_view request_id;
  std::string_view allowed_origin;  ///< empty: none
  BodyFraming framing = BodyFraming::kLength;
  bool keep_alive = true;
  int64_t now_s = 0;  ///< seconds since 1970, for Date
};

/// Everything up to the empty line, which is included. Line ends in header values become spaces.
std::string MakeResponseHead(const HttpResponse& response, const HeadOptions& options);

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate(int64_t seconds);

}  // namespace stria::server
