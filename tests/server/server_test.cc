#include "server/server.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "server/http/http_server.h"
#include "server/port_owner.h"
#include "tests/server/http_client.h"

namespace stria::server {
namespace {

using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    directory_ = (std::filesystem::temp_directory_path() / "stria-server-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  ~ServerTest() override { std::filesystem::remove_all(directory_); }

  Settings Options(const std::string& http = "127.0.0.1:0", const std::string& data = "") const {
    Settings settings;
    EXPECT_TRUE(settings.Set("server.http", http).ok());
    EXPECT_TRUE(settings.Set("server.data", data.empty() ? directory_ : data).ok());
    EXPECT_TRUE(settings.Set("storage.wal_segment", "1MiB").ok());
    return settings;
  }
  static std::unique_ptr<Server> MustStart(const Settings& settings) {
    auto server = Server::Start(settings);
    EXPECT_TRUE(server.has_value()) << server.error().ToString();
    return server ? *std::move(server) : nullptr;
  }
  static uint16_t PortOf(const Server& server) {
    return ParseHostPort(server.http_address(), 0)->second;
  }
  static std::string Ask(const Server& server, std::string_view bytes) {
    RawClient client(PortOf(server));
    client.Send(bytes);
    return client.ReadAnswer();
  }
  std::string RunFile() const {
    std::ifstream file(directory_ + "/run.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string directory_;
};

TEST_F(ServerTest, ServesAndSaysWhereAndStops) {
  const auto server = MustStart(Options());
  EXPECT_EQ(RunFile(),
            fmt::format("{{\"pid\":{},\"ports\":{{\"http\":{}}}}}\n", ::getpid(), PortOf(*server)));
  EXPECT_THAT(Ask(*server, "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 200"));
  server->Stop();
  EXPECT_EQ(RunFile(), "");
}

TEST_F(ServerTest, WhatWasWrittenIsThereAfterARestart) {
  auto server = MustStart(Options());
  EXPECT_THAT(
      Ask(*server, "POST /write?db=db HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nm v=1 1"),
      testing::StartsWith("HTTP/1.1 204"));
  server.reset();
  server = MustStart(Options());
  EXPECT_THAT(Ask(*server,
                  "GET /api/v1/sql?db=db&format=csv&q=SELECT+v+FROM+m HTTP/1.1\r\nHost: x\r\n\r\n"),
              testing::EndsWith("\r\n\r\nv\r\n1\r\n"));
}

TEST_F(ServerTest, ATakenPortIsToldByWhomAndWhatToDo) {
  const auto first = MustStart(Options());
  const auto second = Server::Start(Options(first->http_address(), directory_ + "/other"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(second.error().message(), HasSubstr(fmt::format("(process {})", ::getpid())));
  EXPECT_THAT(second.error().message(), HasSubstr("--http 127.0.0.1:0"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/other"));
}

TEST_F(ServerTest, AUsedDirectoryIsToldByWhom) {
  const auto first = MustStart(Options());
  const auto second = Server::Start(Options());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(::getpid())));
  EXPECT_THAT(second.error().message(), HasSubstr("--data"));
}

TEST_F(ServerTest, OtherMachinesAreKeptOutUnlessToldOtherwise) {
  const auto refused = Server::Start(Options("0.0.0.0:0"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("--insecure"));
  Settings settings = Options("0.0.0.0:0");
  EXPECT_TRUE(settings.Set("server.insecure", "true").ok());
  EXPECT_NE(MustStart(settings), nullptr);
}

TEST_F(ServerTest, AnAddressThatIsNoneIsRefused) {
  const auto server = Server::Start(Options("127.0.0.1:http"));
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code(), StatusCode::kInvalidArgument);
}

TEST(PortOwnerTest, NobodyOwnsAFreePort) {
  EXPECT_EQ(DescribePortOwner(0), "");
}

}  // namespace
}  // namespace stria::server
