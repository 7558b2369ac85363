#include "server/http/http_server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/http_client.h"

namespace stria::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Answers with what it was asked, or as the path says.
class EchoHandler final : public HttpHandler {
 public:
  void Handle(HttpRequest request, HttpReplyPtr reply) override {
    if (!request.received.ok()) {
      HttpResponse response;
      response.status = 400;
      response.content_type = "text/plain";
      response.body = request.received.ToString();
      return reply->Send(std::move(response));
    }
    if (request.path == "/drop") return;  // The reply dies unanswered.
    if (request.path == "/stream") {
      // Not on the network's thread: Write() waits for the client.
      threads_.emplace_back([reply = std::move(reply)] {
        HttpResponse head;
        head.content_type = "text/plain";
        head.body = "first ";
        reply->Begin(std::move(head));
        for (int i = 0; i < 100; ++i)
          reply->Write(std::string(10'000, 'x'));
        reply->End();
      });
      return;
    }
    if (request.path == "/wait") {
      const std::lock_guard lock(mutex_);
      reply->OnClientGone([this] {
        const std::lock_guard gone_lock(mutex_);
        client_is_gone_ = true;
        changed_.notify_all();
      });
      waiting_ = std::move(reply);
      changed_.notify_all();
      return;
    }
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.path + " " + std::string(request.body);
    reply->Send(std::move(response));
  }

  void AwaitRequest() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ != nullptr; });
  }
  void AwaitClientGone() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return client_is_gone_; });
  }
  HttpReplyPtr TakeWaiting() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, nullptr);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  HttpReplyPtr waiting_;
  bool client_is_gone_ = false;
  std::vector<std::jthread> threads_;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    options.port = 0;
    auto server = HttpServer::Listen(options, handler_, SystemClock(), SystemRandom());
    ASSERT_TRUE(server.has_value()) << server.error().ToString();
    server_ = *std::move(server);
    server_->Start();
  }
  std::string Ask(std::string_view bytes) {
    RawClient client(server_->port());
    EXPECT_TRUE(client.Send(bytes));
    return client.ReadAnswer();
  }

  EchoHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersCarryTheHeadersThatClientsRead) {
  Start();
  const std::string answer =
      Ask("GET /a%20b?x=1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const char* header :
       {"\r\nDate: ", "\r\nX-Influxdb-Version: ", "\r\nX-Influxdb-Build: OSS\r\n",
        "\r\nX-Request-Id: mine\r\n", "\r\nRequest-Id: mine\r\n", "\r\nConnection: keep-alive\r\n",
        "\r\nContent-Length: 9\r\n"}) {
    EXPECT_THAT(answer, HasSubstr(header));
  }
  EXPECT_EQ(BodyOf(answer), "GET /a b ");
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  RawClient client(server_->port());
  std::string requests;
  for (int i = 0; i < 20; ++i)
    requests +=
        "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab";
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(BodyOf(client.ReadAnswer()), "POST /" + std::to_string(i) + " ab");
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  Start();
  EXPECT_EQ(BodyOf(Ask("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2;note=1\r\nde\r\n0\r\n\r\n")),
            "POST /c abcde");
}

TEST_F(HttpServerTest, InvitesAClientThatWaitsToSendItsBody) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "POST /e ok");
}

TEST_F(HttpServerTest, LargeBodiesComeWhole) {
  Start();
  const std::string body(5 << 20, 'z');
  EXPECT_EQ(BodyOf(Ask("POST /l HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body)),
            "POST /l " + body);
}

TEST_F(HttpServerTest, TooLargeABodyIsRefusedBeforeItIsRead) {
  HttpServerOptions options;
  options.max_body_bytes = 100;
  Start(options);
  EXPECT_THAT(Ask("POST /l HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n"),
              HasSubstr("the body has 101 bytes; 100 is the most"));
  EXPECT_THAT(Ask("POST /l HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                  std::string(101, 'x') + "\r\n0\r\n\r\n"),
              HasSubstr("the body has over 100 bytes"));
}

TEST_F(HttpServerTest, BodiesInFlightAreBounded) {
  HttpServerOptions options;
  options.max_in_flight_bytes = 1000;
  Start(options);
  RawClient holder(server_->port());
  holder.Send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" +
              std::string(900, 'x'));
  handler_.AwaitRequest();
  EXPECT_THAT(Ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n"),
              HasSubstr("too many bytes of requests are in flight"));
  handler_.TakeWaiting()->Send({});
  holder.ReadAnswer();
  EXPECT_EQ(BodyOf(Ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")),
            "POST /a ok");
}

TEST_F(HttpServerTest, ABodyThatIsCutShortIsRefusedWhole) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /cut HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  client.FinishSending();
  EXPECT_THAT(client.ReadAnswer(),
              HasSubstr("the body ended after 3 of 10 bytes; nothing of it was used"));
}

TEST_F(HttpServerTest, AChunkedBodyWithoutItsLastChunkIsRefused) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /cut HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.FinishSending();
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("the chunked body ended before its last chunk"));
}

TEST_F(HttpServerTest, WhatIsNotHttpIsToldSo) {
  Start();
  EXPECT_THAT(Ask("this is no request\r\n\r\n"), HasSubstr("the request is not HTTP/1.1"));
}

TEST_F(HttpServerTest, HeadsAreBounded) {
  HttpServerOptions options;
  options.max_header_bytes = 1000;
  Start(options);
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"),
              HasSubstr("the request head has over 1000 bytes"));
}

TEST_F(HttpServerTest, StreamsInChunks) {
  Start();
  const std::string answer = Ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(BodyOf(answer), StartsWith("6\r\nfirst \r\n2710\r\nxxx"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n0\r\n\r\n"));
}

TEST_F(HttpServerTest, StreamsToOldClientsUntilTheConnectionCloses) {
  Start();
  RawClient client(server_->port());
  client.Send("GET /stream HTTP/1.0\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, testing::Not(HasSubstr("Transfer-Encoding")));
  EXPECT_EQ(BodyOf(answer).size(), 6U + 100 * 10'000);
}

TEST_F(HttpServerTest, HeadGetsTheHeadersAlone) {
  Start();
  RawClient client(server_->port());
  client.Send("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_EQ(BodyOf(answer), "");
}

TEST_F(HttpServerTest, ARequestThatNobodyAnswersBreaksTheConnection) {
  Start();
  EXPECT_EQ(Ask("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n"), "");
}

TEST_F(HttpServerTest, TellsTheHandlerWhenItsClientIsGone) {
  Start();
  {
    RawClient client(server_->port());
    client.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    handler_.AwaitRequest();
  }
  handler_.AwaitClientGone();
  handler_.TakeWaiting();
}

TEST_F(HttpServerTest, StoppingLetsAnAnswerUnderWayFinish) {
  Start();
  RawClient client(server_->port());
  client.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  handler_.AwaitRequest();
  std::thread answer([&] {
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = "done";
    handler_.TakeWaiting()->Send(std::move(response));
  });
  server_->Stop(60'000);
  answer.join();
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "done");
}

TEST_F(HttpServerTest, ATakenPortIsAnError) {
  Start();
  HttpServerOptions options;
  options.port = server_->port();
  const auto second = HttpServer::Listen(options, handler_, SystemClock(), SystemRandom());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), StatusCode::kAlreadyExists);
}

TEST(HostPortTest, ReadsWhatPeopleWrite) {
  const auto read = [](const std::string& text) {
    const auto address = ParseHostPort(text, 8181);
    return address ? address->first + " " + std::to_string(address->second) : "error";
  };
  EXPECT_EQ(read("127.0.0.1:80"), "127.0.0.1 80");
  EXPECT_EQ(read(":80"), "127.0.0.1 80");
  EXPECT_EQ(read("example.org"), "example.org 8181");
  EXPECT_EQ(read("[::1]:80"), "::1 80");
  EXPECT_EQ(read("[::1]"), "::1 8181");
  EXPECT_EQ(read("host:65536"), "error");
  EXPECT_EQ(read("host:"), "error");
  EXPECT_EQ(read("host:x"), "error");
}

}  // namespace
}  // namespace stria::server
