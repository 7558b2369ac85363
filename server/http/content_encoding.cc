#include "server/http/content_encoding.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <boost/beast/core/string.hpp>
#include <libdeflate.h>
#include <zstd.h>

#include "storage/base/errors.h"

namespace stria::server {
namespace {

// A buffer that grows without being filled with zeros first.
class Output {
 public:
  explicit Output(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  char* rest() { return bytes_.get() + size_; }
  size_t rest_bytes() const { return capacity_ - size_; }
  void Take(size_t num_bytes) { size_ += num_bytes; }

  // Makes room for at least `num_bytes` more, up to the limit; false when that is reached.
  bool Grow(size_t num_bytes) {
    const size_t wanted = std::max<size_t>(size_ + num_bytes, 2 * capacity_);
    // One byte over the limit is allowed for, so that a body of just the limit is not refused.
    const size_t allowed = std::min<size_t>(wanted, max_bytes_ + 1);
    if (allowed <= capacity_) return false;
    auto larger = std::make_unique_for_overwrite<char[]>(allowed);
    std::copy_n(bytes_.get(), size_, larger.get());
    bytes_ = std::move(larger);
    capacity_ = allowed;
    return true;
  }

  Result<DecodedContent> Finish() && {
    if (size_ > max_bytes_) return TooLarge();
    std::shared_ptr<char[]> owner(std::move(bytes_));
    return DecodedContent{.bytes = {owner.get(), size_}, .owner = owner};
  }

  Status TooLarge() const {
    return ResourceExhausted("the body has over {} bytes when decompressed", max_bytes_);
  }

 private:
  uint64_t max_bytes_;
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// Text compresses about 5 to 1; a wrong guess costs one more attempt.
size_t GuessSize(size_t num_compressed) {
  return 6 * num_compressed + 1024;
}

Result<DecodedContent> Gunzip(std::string_view body, bool is_zlib, uint64_t max_bytes) {
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return ResourceExhausted("no memory to decompress a body");
  const auto decompress = is_zlib ? libdeflate_zlib_decompress_ex : libdeflate_gzip_decompress_ex;
  Output output(max_bytes);
  if (!output.Grow(GuessSize(body.size()))) return output.TooLarge();
  do {  // A member each.
    size_t num_read = 0;
    size_t num_written = 0;
    const auto result = decompress(decompressor.get(), body.data(), body.size(), output.rest(),
                                   output.rest_bytes(), &num_read, &num_written);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (!output.Grow(2 * output.rest_bytes() + 1024)) return output.TooLarge();
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) {
      return InvalidArgument("the body is not {}, or is cut short", is_zlib ? "zlib" : "gzip");
    }
    body.remove_prefix(num_read);
    output.Take(num_written);
  } while (!body.empty());
  return std::move(output).Finish();
}

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<DecodedContent> Unzstd(std::string_view body, uint64_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  if (context == nullptr) return ResourceExhausted("no memory to decompress a body");
  Output output(max_bytes);
  ZSTD_inBuffer input{body.data(), body.size(), 0};
  size_t rest_of_frame = 1;
  while (input.pos < input.size || rest_of_frame != 0) {
    if (output.rest_bytes() == 0 && !output.Grow(GuessSize(body.size()))) return output.TooLarge();
    ZSTD_outBuffer piece{output.rest(), output.rest_bytes(), 0};
    rest_of_frame = ZSTD_decompressStream(context.get(), &piece, &input);
    if (ZSTD_isError(rest_of_frame) != 0) {
      return InvalidArgument("the body is not zstd: {}", ZSTD_getErrorName(rest_of_frame));
    }
    output.Take(piece.pos);
    if (input.pos == input.size && rest_of_frame != 0 && piece.pos < piece.size) {
      return InvalidArgument("the zstd body is cut short");
    }
  }
  return std::move(output).Finish();
}

}  // namespace

Result<DecodedContent> DecodeContent(std::string_view encoding, std::string_view body,
                                     std::shared_ptr<const void> owner, uint64_t max_bytes) {
  // Names of codings ignore case: RFC 9110, section 8.4.1.
  const auto is = [encoding](std::string_view name) {
    return boost::beast::iequals({encoding.data(), encoding.size()}, {name.data(), name.size()});
  };
  if (encoding.empty() || is("identity")) {
    if (body.size() > max_bytes) {
      return ResourceExhausted("the body has {} bytes; {} is the most", body.size(), max_bytes);
    }
    return DecodedContent{.bytes = body, .owner = std::move(owner)};
  }
  if (body.empty()) return DecodedContent{.bytes = body, .owner = std::move(owner)};
  if (is("gzip") || is("x-gzip")) return Gunzip(body, false, max_bytes);
  if (is("deflate")) return Gunzip(body, true, max_bytes);
  if (is("zstd")) return Unzstd(body, max_bytes);
  return Unimplemented("Content-Encoding \"{}\" is not supported; use gzip or zstd", encoding);
}

}  // namespace stria::server
