// stria-bench generate: a workload as a file, compressed or not, or straight to a server.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include <fmt/core.h>
#include <zstd.h>

#include "bench/stria_bench/http_connection.h"
#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/server_under_test.h"
#include "bench/stria_bench/verbs.h"
#include "bench/workload/row_buffer.h"
#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr size_t kPieceBytes = 4 << 20;

// Where the text goes.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual Status Write(std::string_view text) = 0;
  virtual Status Finish() = 0;
};

class FileSink final : public TextSink {
 public:
  static Result<std::unique_ptr<TextSink>> Open(const std::string& path) {
    std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (file == nullptr) return IoError("{}: {}", path, std::strerror(errno));
    return std::unique_ptr<TextSink>(new FileSink(path, file));
  }

  ~FileSink() override {
    ZSTD_freeCCtx(zstd_);
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }

  Status Write(std::string_view text) override {
    return zstd_ == nullptr ? WriteBytes(text) : Pack(text, ZSTD_e_continue);
  }

  Status Finish() override {
    if (zstd_ != nullptr) STRIA_RETURN_IF_ERROR(Pack({}, ZSTD_e_end));
    const int failed = file_ == stdout ? std::fflush(file_) : std::fclose(file_);
    file_ = nullptr;
    if (failed != 0) return IoError("{}: {}", path_, std::strerror(errno));
    return Status::Ok();
  }

 private:
  FileSink(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {
    if (!path_.ends_with(".zst")) return;
    zstd_ = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_compressionLevel, 3);
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_checksumFlag, 1);
    // Where the library has threads. The bytes are the same with any number above 0.
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_nbWorkers, 1);
  }

  Status WriteBytes(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
      return IoError("{}: {}", path_, std::strerror(errno));
    }
    return Status::Ok();
  }

  Status Pack(std::string_view text, ZSTD_EndDirective directive) {
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    while (true) {
      ZSTD_outBuffer output{packed_.data(), packed_.size(), 0};
      const size_t left = ZSTD_compressStream2(zstd_, &output, &input, directive);
      if (ZSTD_isError(left) != 0) {
        return IoError("{}: cannot compress: {}", path_, ZSTD_getErrorName(left));
      }
      STRIA_RETURN_IF_ERROR(WriteBytes({packed_.data(), output.pos}));
      const bool done = directive == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return Status::Ok();
    }
  }

  const std::string path_;
  std::FILE* file_;
  ZSTD_CCtx* zstd_ = nullptr;
  std::string packed_ = std::string(1 << 20, '\0');
};

class HttpSink final : public TextSink {
 public:
  static Result<std::unique_ptr<TextSink>> Open(const std::string& url,
                                                const std::string& database) {
    STRIA_ASSIGN_OR_RETURN(const Url where, ParseUrl(url));
    STRIA_ASSIGN_OR_RETURN(auto connection, HttpConnection::Open(where));
    return std::unique_ptr<TextSink>(new HttpSink(std::move(connection), database));
  }

  Status Write(std::string_view text) override {
    STRIA_ASSIGN_OR_RETURN(const HttpReply reply, connection_->Send(head_, text));
    if (reply.status / 100 != 2) return InvalidArgument("{}", ErrorMessage(reply));
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  HttpSink(std::unique_ptr<HttpConnection> connection, const std::string& database)
      : connection_(std::move(connection)),
        head_(connection_->MakeHead("POST", "/write?db=" + UrlEncode(database))) {}

  std::unique_ptr<HttpConnection> connection_;
  const std::string head_;
};

Status Generate(const GenerateOptions& options, uint64_t& num_rows, uint64_t& num_bytes) {
  STRIA_ASSIGN_OR_RETURN(const auto rows, OpenWorkload(options.workload));
  std::unique_ptr<TextSink> sink;
  if (options.url.empty()) {
    STRIA_ASSIGN_OR_RETURN(sink, FileSink::Open(options.output));
  } else {
    STRIA_ASSIGN_OR_RETURN(sink, HttpSink::Open(options.url, options.database));
  }
  const uint64_t rows_at_once = options.url.empty() ? UINT64_MAX : options.batch_rows;
  RowBuffer buffer;
  while (true) {
    buffer.Clear();
    const uint64_t appended = buffer.Append(*rows, rows_at_once, kPieceBytes);
    if (appended == 0) return sink->Finish();
    STRIA_RETURN_IF_ERROR(sink->Write(buffer.text()));
    num_rows += appended;
    num_bytes += buffer.text().size();
  }
}

}  // namespace

int RunGenerate(const GenerateOptions& options) {
  uint64_t num_rows = 0, num_bytes = 0;
  const int64_t begin = NowNs();
  const Status status = Generate(options, num_rows, num_bytes);
  if (!status.ok()) {
    const int code = Fail(status);
    return code == kExitRefused && num_rows > 0 && !options.url.empty() ? kExitPartly : code;
  }
  const double seconds = static_cast<double>(NowNs() - begin) / 1e9;
  fmt::print(stderr, "{} rows, {} bytes, {:.2f} s, {:.2f} M rows/s, seed {}\n", num_rows, num_bytes,
             seconds, static_cast<double>(num_rows) / seconds / 1e6, options.workload.seed);
  return kExitDone;
}

}  // namespace stria::bench
