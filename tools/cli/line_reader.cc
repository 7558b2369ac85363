#include "tools/cli/line_reader.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "storage/base/errors.h"
#include "tools/cli/interrupt.h"

namespace stria::cli {
namespace {

constexpr size_t kReadBytes = 1 << 18;
constexpr int kLookAroundMs = 100;  // A guess: what Ctrl-C may take while no input comes.

}  // namespace

/// Turns packed bytes into text.
class LineReader::Unpacker {
 public:
  virtual ~Unpacker() = default;
  virtual Status Unpack(std::string_view packed, std::string& text) = 0;
  /// Whether the input may end here.
  virtual bool complete() const = 0;
};

class LineReader::PlainUnpacker final : public Unpacker {
 public:
  Status Unpack(std::string_view packed, std::string& text) override {
    text.append(packed);
    return Status::Ok();
  }
  bool complete() const override { return true; }
};

class LineReader::GzipUnpacker final : public Unpacker {
 public:
  GzipUnpacker() { inflateInit2(&stream_, 15 + 16); }
  ~GzipUnpacker() override { inflateEnd(&stream_); }

  Status Unpack(std::string_view packed, std::string& text) override {
    std::vector<char> buffer(kReadBytes);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    do {
      if (complete_ && stream_.avail_in > 0) {  // Another member follows.
        inflateReset(&stream_);
        complete_ = false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      text.append(buffer.data(), buffer.size() - stream_.avail_out);
      if (code == Z_STREAM_END) {
        complete_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Corruption("damaged gzip data: {}", stream_.msg == nullptr ? "" : stream_.msg);
      }
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return Status::Ok();
  }
  bool complete() const override { return complete_; }

 private:
  z_stream stream_{};
  bool complete_ = false;
};

class LineReader::ZstdUnpacker final : public Unpacker {
 public:
  ZstdUnpacker() : stream_(ZSTD_createDStream()) {}
  ~ZstdUnpacker() override { ZSTD_freeDStream(stream_); }

  Status Unpack(std::string_view packed, std::string& text) override {
    std::vector<char> buffer(ZSTD_DStreamOutSize());
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    bool output_full = false;
    while (input.pos < input.size || output_full) {
      ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
      const size_t left = ZSTD_decompressStream(stream_, &output, &input);
      if (ZSTD_isError(left)) return Corruption("damaged zstd data: {}", ZSTD_getErrorName(left));
      text.append(buffer.data(), output.pos);
      output_full = output.pos == output.size;
      complete_ = left == 0;
    }
    return Status::Ok();
  }
  bool complete() const override { return complete_; }

 private:
  ZSTD_DStream* stream_;
  bool complete_ = false;
};

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  std::unique_ptr<LineReader> reader(new LineReader());
  reader->path_ = path == "-" ? "stdin" : path;
  reader->file_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (reader->file_ < 0) {
    const int error = errno;
    return error == ENOENT ? NotFound("{}: no such file", path)
                           : IoError("{}: {}", path, std::strerror(error));
  }
  struct stat info {};
  if (path != "-" && ::fstat(reader->file_, &info) == 0) {
    if (S_ISDIR(info.st_mode)) return IoError("{}: is a directory", path);
    reader->total_bytes_ = static_cast<uint64_t>(info.st_size);
  }
  return reader;
}

LineReader::~LineReader() {
  if (file_ > STDIN_FILENO) ::close(file_);
}

// Replaces `packed` with the next kReadBytes of the file, or what there is before its end.
Status LineReader::Read(std::string& packed) {
  packed.resize(kReadBytes);
  size_t size = 0;
  while (size < packed.size()) {
    if (Interrupted() || stopped_.load(std::memory_order_relaxed)) {
      return Cancelled("{}: interrupted", path_);
    }
    pollfd input{.fd = file_, .events = POLLIN, .revents = 0};
    const int num_ready = ::poll(&input, 1, kLookAroundMs);
    if (num_ready == 0 || (num_ready < 0 && errno == EINTR)) continue;
    const ssize_t num_read = ::read(file_, packed.data() + size, packed.size() - size);
    if (num_read < 0 && errno == EINTR) continue;
    if (num_read < 0) return IoError("{}: {}", path_, std::strerror(errno));
    if (num_read == 0) break;
    size += static_cast<size_t>(num_read);
  }
  packed.resize(size);
  return Status::Ok();
}

Status LineReader::Fill(size_t target_bytes) {
  std::string packed;
  while (!at_end_ && text_.size() < target_bytes) {
    STRIA_RETURN_IF_ERROR(Read(packed));
    compressed_bytes_ += packed.size();
    if (packed.empty()) {
      at_end_ = true;
      if (unpacker_ != nullptr && !unpacker_->complete()) {
        return Corruption("{}: the compressed file ends too early; it seems truncated", path_);
      }
      break;
    }
    const std::string_view bytes = packed;
    if (unpacker_ == nullptr) {
      if (bytes.starts_with("\x1f\x8b")) {
        unpacker_ = std::make_unique<GzipUnpacker>();
      } else if (bytes.starts_with("\x28\xb5\x2f\xfd")) {
        unpacker_ = std::make_unique<ZstdUnpacker>();
      } else {
        unpacker_ = std::make_unique<PlainUnpacker>();
      }
    }
    if (Status status = unpacker_->Unpack(bytes, text_); !status.ok()) {
      at_end_ = true;
      return status.WithContext(path_);
    }
  }
  return Status::Ok();
}

Status LineReader::Next(size_t target_bytes, std::string& piece) {
  piece.clear();
  size_t size = 0;
  for (size_t wanted = target_bytes; size == 0; wanted += kReadBytes) {
    if (failure_.ok() && !at_end_ && text_.size() < wanted) failure_ = Fill(wanted);
    size_t newline = text_.rfind('\n', target_bytes);
    if (newline == std::string::npos) newline = text_.find('\n', target_bytes);
    if (newline != std::string::npos) {
      size = newline + 1;
    } else if (!failure_.ok()) {
      return failure_;  // The line that the damage cut is lost.
    } else if (at_end_) {
      size = text_.size();
      break;
    }
  }
  piece.assign(text_, 0, size);
  text_.erase(0, size);
  return Status::Ok();
}

}  // namespace stria::cli
