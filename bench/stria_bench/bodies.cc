#include "bench/stria_bench/bodies.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <libdeflate.h>
#include <zstd.h>

#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr size_t kReadBytes = 1 << 20;

struct Row {
  size_t end = 0;  // After its newline.
  uint64_t num_values = 0;
};

// The row that begins at the front of `text`, with escapes and quotes: spaces part tags, fields
// and time; each '=' among the fields that is neither is a value.
Row FindRow(std::string_view text) {
  Row row;
  int section = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (quoted) {
      quoted = c != '"';
    } else if (c == '"') {
      quoted = section == 1;
    } else if (c == ' ') {
      ++section;
    } else if (c == '=') {
      row.num_values += section == 1 ? 1 : 0;
    } else if (c == '\n') {
      row.end = i + 1;
      return row;
    }
  }
  row.end = text.size();
  return row;
}

bool IsBlankOrComment(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || line[first] == '#';
}

}  // namespace

CutText CutBodies(std::string_view text, uint64_t rows_per_body) {
  CutText cut;
  size_t begin = 0, position = 0;
  uint64_t num_rows = 0;
  const auto finish = [&] {
    if (num_rows > 0) cut.bodies.push_back({text.substr(begin, position - begin), num_rows});
    cut.num_rows += num_rows;
    begin = position;
    num_rows = 0;
  };
  while (position < text.size()) {
    const size_t newline = std::min(text.find('\n', position), text.size() - 1);
    if (IsBlankOrComment(text.substr(position, newline + 1 - position))) {
      position = newline + 1;
      continue;
    }
    const Row row = FindRow(text.substr(position));
    position += row.end;
    cut.num_values += row.num_values;
    if (++num_rows == rows_per_body) finish();
  }
  finish();
  return cut;
}

std::string Gzip(std::string_view body) {
  // The level that fast clients choose.
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(1);
  std::string packed(libdeflate_gzip_compress_bound(compressor, body.size()), '\0');
  packed.resize(
      libdeflate_gzip_compress(compressor, body.data(), body.size(), packed.data(), packed.size()));
  libdeflate_free_compressor(compressor);
  return packed;
}

struct TextFile::State {
  std::string path;
  std::FILE* file = nullptr;
  ZSTD_DStream* zstd = nullptr;  // Of a compressed file.
  bool frame_complete = true;
  std::string packed = std::string(kReadBytes, '\0');
  std::string rest;  // After the last newline of the last piece.
  bool at_end = false;

  Status Unpack(std::string_view bytes, std::string& text) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    bool output_full = false;
    while (input.pos < input.size || output_full) {
      const size_t size = text.size();
      text.resize(size + ZSTD_DStreamOutSize());
      ZSTD_outBuffer output{text.data() + size, text.size() - size, 0};
      const size_t left = ZSTD_decompressStream(zstd, &output, &input);
      text.resize(size + output.pos);
      if (ZSTD_isError(left) != 0) {
        return Corruption("{}: damaged zstd data: {}", path, ZSTD_getErrorName(left));
      }
      output_full = output.pos == output.size;
      frame_complete = left == 0;
    }
    return Status::Ok();
  }

  // Appends what one read gives.
  Status Fill(std::string& text) {
    const size_t size = std::fread(packed.data(), 1, packed.size(), file);
    if (size == 0) {
      at_end = true;
      if (std::ferror(file) != 0) return IoError("{}: {}", path, std::strerror(errno));
      if (!frame_complete) return Corruption("{}: the compressed file ends too early", path);
      return Status::Ok();
    }
    const std::string_view bytes(packed.data(), size);
    if (zstd != nullptr) return Unpack(bytes, text);
    text.append(bytes);
    return Status::Ok();
  }
};

TextFile::TextFile(std::unique_ptr<State> state) : state_(std::move(state)) {}

TextFile::~TextFile() {
  ZSTD_freeDStream(state_->zstd);
  std::fclose(state_->file);
}

Result<std::unique_ptr<TextFile>> TextFile::Open(const std::string& path) {
  constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
  auto state = std::make_unique<State>();
  state->path = path;
  state->file = std::fopen(path.c_str(), "rb");
  if (state->file == nullptr) {
    const int error = errno;
    return error == ENOENT ? NotFound("{}: no such file", path)
                           : IoError("{}: {}", path, std::strerror(error));
  }
  char magic[4] = {};
  const size_t size = std::fread(magic, 1, sizeof(magic), state->file);
  if (std::ferror(state->file) != 0) {
    const int error = errno;
    std::fclose(state->file);
    return IoError("{}: {}", path, std::strerror(error));
  }
  std::rewind(state->file);
  if (std::string_view(magic, size) == kZstdMagic) {
    state->zstd = ZSTD_createDStream();
    state->frame_complete = false;
  }
  return std::unique_ptr<TextFile>(new TextFile(std::move(state)));
}

Status TextFile::Next(size_t target_bytes, std::string& text) {
  text = std::move(state_->rest);
  state_->rest.clear();
  while (!state_->at_end && text.size() < target_bytes)
    STRIA_RETURN_IF_ERROR(state_->Fill(text));
  if (state_->at_end) return Status::Ok();
  // A piece without a newline is one line: it grows until that ends.
  size_t newline = text.rfind('\n');
  while (newline == std::string::npos && !state_->at_end) {
    STRIA_RETURN_IF_ERROR(state_->Fill(text));
    newline = text.rfind('\n');
  }
  if (newline == std::string::npos) return Status::Ok();
  state_->rest = text.substr(newline + 1);
  text.resize(newline + 1);
  return Status::Ok();
}

}  // namespace stria::bench
