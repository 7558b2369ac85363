// One message for each error code that this version can produce, made by a real request, compared
// with tests/golden/errors.txt. STRIA_UPDATE=1 writes the file anew: read what changed.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

#include "storage/base/error_codes.h"
#include "tests/server/server_fixture.h"
#include "tests/support/fault_file_system.h"

namespace stria::server {
namespace {

// Of protocols and features that this version does not have; and "cancelled", which is told to a
// client that is gone.
const std::set<std::string_view> kNotProduced = {"unauthorized", "forbidden", "cold_unavailable",
                                                 "cancelled"};

std::string Gzip(std::string_view text) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
  std::string packed(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  packed.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), packed.data(), packed.size()));
  libdeflate_free_compressor(compressor);
  return packed;
}

class ErrorBook {
 public:
  void Add(std::string_view code, std::string_view request, const HttpResponse& response) {
    // Names of files are random.
    const std::string body =
        std::regex_replace(response.body, std::regex("[0-9a-f]{16,}(-[0-9a-f]+)*"), "FILE");
    text_ += fmt::format("{}\n    {}\n    {} {}\n", code,
                         std::regex_replace(std::string(request), std::regex("\n"), "\n    "),
                         response.status, body);
    codes_.insert(std::string(code));
    EXPECT_EQ(response.status / 100 == 2, false) << code;
    if (body.starts_with("{\"error\":{")) {
      EXPECT_THAT(body, testing::HasSubstr(fmt::format("\"code\":\"{}\"", code)));
    }
  }
  const std::string& text() const { return text_; }
  const std::set<std::string>& codes() const { return codes_; }

 private:
  std::string text_;
  std::set<std::string> codes_;
};

void AddQueryErrors(ErrorBook& book) {
  ServerFixture server;
  server.Post("/write?db=plant",
              "readings,device=a temperature=21.5 1\nreadings,device=b temperature=22 1");
  const auto ask = [&](std::string_view code, std::string_view sql,
                       std::vector<HttpHeader> headers = {}) {
    std::string request = fmt::format("{}", sql);
    for (const auto& header : headers)
      request += fmt::format("  ({}: {})", header.name, header.value);
    book.Add(code, request,
             server.Ask("GET", "/api/v1/sql?db=plant&q=" + UrlEncode(sql), "", std::move(headers))
                 .response);
  };
  ask("parse", "SELECT FROM readings");
  ask("unknown_database", "SELECT * FROM plnt.readings");
  ask("unknown_table", "SELECT * FROM reading");
  ask("unknown_column", "SELECT temprature FROM readings");
  ask("invalid_argument", "SELECT 1 / 0");
  ask("out_of_range", "SELECT 9223372036854775807 + 1");
  ask("resource_exhausted", "SELECT * FROM readings", {{"X-Stria-Max-Rows", "1"}});
  ask("memory_limit", "SELECT * FROM readings ORDER BY temperature", {{"X-Stria-Memory", "1B"}});
  ask("timeout", "SELECT * FROM readings ORDER BY temperature", {{"X-Stria-Timeout", "1ns"}});
  book.Add("too_large", "a statement of 1 MiB and a byte",
           server.Post("/api/v1/sql", std::string((1 << 20) + 1, 'x')));
  server.state().stopping.store(true);
  book.Add("not_ready", "GET /ready while the server stops", server.Get("/ready"));
}

void AddWriteErrors(ErrorBook& book) {
  ServerFixture server(SettingTexts{{"ingest.max_columns", "3"},
                                    {"ingest.max_series", "2"},
                                    {"ingest.max_batch", "64KiB"},
                                    {"ingest.max_in_flight", "1MiB"}});
  const auto write = [&](std::string_view code, std::string_view target, std::string body) {
    const std::string request = fmt::format("POST {}  {}", target, body);
    book.Add(code, request, server.Post(target, std::move(body)));
  };
  write("parse", "/write?db=plant", "readings,device=a");
  write("parse", "/api/v2/write?bucket=plant", "readings,device=a");
  write("parse", "/write", "readings,device=a");
  server.Post("/write?db=plant", "readings,device=a temperature=21.5 1");
  write("type_conflict", "/write?db=plant", "readings,device=a temperature=\"hot\" 2");
  write("type_conflict", "/api/v2/write?bucket=plant", "readings,device=a temperature=\"hot\" 2");
  write("type_conflict", "/write",
        "readings,device=a temperature=21 1\nreadings,device=a temperature=t 1");
  write("column_limit", "/write?db=plant",
        "readings,device=a temperature=1,pressure=2,humidity=3 3");
  server.Post("/write?db=plant", "readings,device=b temperature=21.5 1");
  for (const char* route : {"/write?db=plant", "/api/v2/write?bucket=plant"}) {
    write("series_limit", route,
          "readings,device=a temperature=1 4\nreadings,device=b temperature=1 4\n"
          "readings,device=c temperature=1 4");
  }
  book.Add("too_large", "POST /write?db=plant  64 KiB and a byte, unpacked",
           server
               .Ask("POST", "/write?db=plant", Gzip(std::string((64 << 10) + 1, '#')),
                    {{"Content-Encoding", "gzip"}})
               .response);
}

void AddOverload(ErrorBook& book) {
  ServerFixture server(SettingTexts{{"ingest.max_in_flight", "1MiB"}});
  book.Add("overloaded", "POST /write?db=plant  2 MiB, unpacked, where 1 MiB may be in flight",
           server
               .Ask("POST", "/write?db=plant", Gzip(std::string(2 << 20, '#')),
                    {{"Content-Encoding", "gzip"}})
               .response);
}

void AddDiskErrors(ErrorBook& book) {
  storage::FaultFileSystem files;
  ServerFixture server({}, &files);
  server.Post("/write?db=plant", "readings,device=a temperature=21.5 1");
  files.SetCapacity(0);
  book.Add("disk_full", "POST /write?db=plant  on a full disk",
           server.Post("/write?db=plant", "readings,device=a temperature=22 2"));
  files.SetCapacity(1ULL << 40);

  server.Post("/api/v1/flush");
  const std::string parts = server.Sql("SELECT file FROM system.parts");
  const size_t begin = parts.find("\r\n") + 2;
  const std::string file =
      "/data/shard/0/part/" + parts.substr(begin, parts.find("\r\n", begin) - begin);
  for (auto& byte : files.BytesOf(file))
    byte ^= std::byte{1};
  book.Add("corrupt_part", "SELECT * FROM readings, whose part is damaged",
           server.Get("/api/v1/sql?db=plant&q=SELECT+*+FROM+readings"));

  files.FailAt(1);
  server.Post("/write?db=plant", "readings,device=a temperature=23 3");
  files.FailNever();
  book.Add("read_only", "POST /write?db=plant  after the disk failed",
           server.Post("/write?db=plant", "readings,device=a temperature=23 3"));
}

TEST(ErrorsGoldenTest, EachCodeHasItsMessage) {
  ErrorBook book;
  AddQueryErrors(book);
  AddWriteErrors(book);
  AddOverload(book);
  AddDiskErrors(book);
  for (const auto& code : AllErrorCodes()) {
    EXPECT_NE(book.codes().contains(std::string(code.code)), kNotProduced.contains(code.code))
        << code.code;
  }

  const std::string path = std::string(STRIA_SOURCE_DIR) + "/tests/golden/errors.txt";
  if (std::getenv("STRIA_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << book.text();
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(book.text(), golden);
}

}  // namespace
}  // namespace stria::server
