// The client against the sink that the program has built in, and against answers written by hand.

#include "bench/stria_bench/http_connection.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/stria_bench/null_sink.h"
#include "bench/stria_bench/process_stats.h"

namespace stria::bench {
namespace {

// Takes one connection, answers its first request with given bytes, and closes it.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    url_ = {.host = "127.0.0.1", .port = ntohs(address.sin_port)};
    thread_ = std::jthread([this] { Serve(); });
  }
  ~OneAnswer() {
    thread_.join();
    ::close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  const Url& url() const { return url_; }

 private:
  void Serve() {
    const int socket = ::accept(listener_, nullptr, nullptr);
    std::string request(1 << 16, '\0');
    const ssize_t received = ::recv(socket, request.data(), request.size(), 0);
    EXPECT_GT(received, 0);
    // Byte by byte: an answer may be cut anywhere. The client may have heard enough before its end.
    for (const char byte : answer_) {
      if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) break;
    }
    ::close(socket);
  }

  const std::string answer_;
  int listener_ = -1;
  Url url_;
  std::jthread thread_;
};

Result<HttpReply> Ask(const OneAnswer& server, size_t keep_bytes = HttpConnection::kKeepAll) {
  const auto connection = HttpConnection::Open(server.url());
  if (!connection) return connection.error();
  return (*connection)->Send((*connection)->MakeHead("GET", "/"), {}, keep_bytes);
}

TEST(NullSinkTest, AnswersEveryBodyOfAConnection) {
  const auto sink = NullSink::Start();
  ASSERT_TRUE(sink);
  const auto connection = HttpConnection::Open((*sink)->url());
  ASSERT_TRUE(connection);
  const std::string head = (*connection)->MakeHead("POST", "/write?db=x");
  const size_t sizes[] = {0, 1, 100, 300'000, 5'000'000, 3};
  for (const size_t size : sizes) {
    const std::string body(size, 'x');
    const auto reply = (*connection)->Send(head, body);
    ASSERT_TRUE(reply) << reply.error().ToString();
    EXPECT_EQ(reply->status, 204);
  }
}

TEST(HttpConnectionTest, ReadsABodyWithALength) {
  const OneAnswer server("HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 5\r\n\r\nhello");
  const auto reply = Ask(server);
  ASSERT_TRUE(reply) << reply.error().ToString();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->body_bytes, 5U);
}

TEST(HttpConnectionTest, ReadsABodyInChunks) {
  const OneAnswer server(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n"
      "0\r\n\r\n");
  const auto reply = Ask(server);
  ASSERT_TRUE(reply) << reply.error().ToString();
  EXPECT_EQ(reply->body, "abc0123456789");
}

TEST(HttpConnectionTest, KeepsOnlyTheEndOfALongBody) {
  std::string body(10'000, 'x');
  body += "the end";
  const OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 10007\r\n\r\n" + body);
  const auto reply = Ask(server, 100);
  ASSERT_TRUE(reply) << reply.error().ToString();
  EXPECT_EQ(reply->body_bytes, 10'007U);
  EXPECT_LE(reply->body.size(), 201U);
  EXPECT_TRUE(reply->body.ends_with("the end"));
}

TEST(HttpConnectionTest, PassesOverAContinue) {
  const OneAnswer server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  const auto reply = Ask(server);
  ASSERT_TRUE(reply) << reply.error().ToString();
  EXPECT_EQ(reply->status, 204);
}

TEST(HttpConnectionTest, SaysWhenTheAnswerBreaksOff) {
  for (const auto* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 20",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}) {
    const OneAnswer server(answer);
    const auto reply = Ask(server);
    ASSERT_FALSE(reply) << answer;
    EXPECT_EQ(reply.error().code(), StatusCode::kUnavailable) << answer;
  }
}

TEST(HttpConnectionTest, SaysWhenTheAnswerIsNoHttp) {
  for (const auto* answer :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nwithout a length",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    const OneAnswer server(answer);
    const auto reply = Ask(server);
    ASSERT_FALSE(reply) << answer;
    EXPECT_EQ(reply.error().code(), StatusCode::kCorruption) << answer;
  }
}

TEST(HttpConnectionTest, SaysWhenNobodyListens) {
  Url url;
  {
    const auto sink = NullSink::Start();
    ASSERT_TRUE(sink);
    url = (*sink)->url();
  }
  const auto connection = HttpConnection::Open(url);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code(), StatusCode::kUnavailable);
}

TEST(UrlTest, IsReadAndRefused) {
  const auto url = ParseUrl("http://localhost:8181/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "localhost");
  EXPECT_EQ(url->port, 8181);
  EXPECT_EQ(ParseUrl("http://h")->port, 80);
  for (const auto* bad : {"", "h:1", "https://h:1", "http://:1", "http://h:x", "http://h:70000"})
    EXPECT_FALSE(ParseUrl(bad)) << bad;
  EXPECT_EQ(UrlEncode("a b&c=\xc3\xa4"), "a%20b%26c%3D%C3%A4");
}

TEST(ProcessStatsTest, SeesThisProcess) {
  const auto stats = ReadProcessStats(::getpid());
  ASSERT_TRUE(stats);
  EXPECT_GT(stats->resident_bytes, 1U << 20);
  EXPECT_GE(stats->peak_resident_bytes, stats->resident_bytes);
  EXPECT_GE(stats->cpu_seconds, 0);
  EXPECT_EQ(ReadProcessStats(-1).error().code(), StatusCode::kNotFound);
}

TEST(ProcessStatsTest, FindsWhoListens) {
  const auto sink = NullSink::Start();
  ASSERT_TRUE(sink);
  EXPECT_EQ(FindListener((*sink)->url().port), ::getpid());
}

}  // namespace
}  // namespace stria::bench
