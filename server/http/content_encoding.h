// Bodies that came compressed.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/base/status.h"

namespace stria::server {

/// Bytes with their owner.
struct DecodedContent {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

/// Undoes `encoding` (the Content-Encoding header: "", "identity", "gzip", "x-gzip", "deflate" or
/// "zstd"). A gzip body may have several members, a zstd body several frames. Fails with
/// kResourceExhausted when the result has over `max_bytes`, kInvalidArgument when the body is
/// damaged or cut short, kUnimplemented for any other encoding.
Result<DecodedContent> DecodeContent(std::string_view encoding, std::string_view body,
                                     std::shared_ptr<const void> owner, uint64_t max_bytes);

}  // namespace stria::server
