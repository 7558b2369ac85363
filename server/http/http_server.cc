#include "server/http/http_server.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "server/http/http_session.h"
#include "storage/base/errors.h"

namespace stria::server {
namespace {

using boost::asio::ip::tcp;

constexpr auto kAcceptRetry = std::chrono::milliseconds(100);  // Out of file descriptors.
constexpr auto kStopPoll = std::chrono::milliseconds(5);

class HttpServerImpl final : public HttpServer {
 public:
  HttpServerImpl(const HttpServerOptions& options, HttpHandler& handler, Clock& clock,
                 Random& random)
      : context_(std::make_shared<SessionContext>(options, handler, clock, random)),
        acceptor_(boost::asio::make_strand(context_->io)),
        retry_(acceptor_.get_executor()) {}

  ~HttpServerImpl() override { Stop(0); }

  Status Bind() {
    const auto& options = context_->options;
    boost::system::error_code error;
    tcp::resolver resolver(context_->io);
    const auto found =
        resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
    if (error || found.empty()) {
      return InvalidArgument("{} is no address of this machine: {}", options.host, error.message());
    }
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    if (!error) return Status::Ok();
    if (error == boost::asio::error::address_in_use) {
      return AlreadyExists("{}:{} is taken", options.host, options.port);
    }
    return InvalidArgument("cannot listen on {}:{}: {}", options.host, options.port,
                           error.message());
  }

  void Start() override {
    Accept();
    // While requests are with the engine, their connections have nothing to do here; the threads
    // wait for the answers all the same.
    work_.emplace(boost::asio::make_work_guard(context_->io));
    for (size_t i = 0; i < context_->options.num_threads; ++i)
      threads_.emplace_back([this] { context_->io.run(); });
  }

  void Stop(int64_t grace_ms) override {
    if (context_->stopping.exchange(true)) return;
    boost::asio::post(acceptor_.get_executor(), [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      retry_.cancel();
    });
    if (!threads_.empty()) {
      CloseHttpSessions(*context_, false);
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(grace_ms);
      while (num_sessions() != 0 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(kStopPoll);
      CloseHttpSessions(*context_, true);
    }
    work_.reset();
    threads_.clear();  // They end by themselves: with all sockets closed there is nothing to do.
    context_->stopped.store(true);
  }

  uint16_t port() const override {
    boost::system::error_code error;
    const auto endpoint = acceptor_.local_endpoint(error);
    return error ? 0 : endpoint.port();
  }

  HttpServerStats stats() const override {
    return {.connections = num_sessions(),
            .in_flight_bytes = context_->budget.used_bytes(),
            .requests = context_->num_requests.load(std::memory_order_relaxed)};
  }

 private:
  size_t num_sessions() const {
    const MutexLock lock(context_->mutex);
    return context_->sessions.size();
  }

  void Accept() {
    acceptor_.async_accept(boost::asio::make_strand(context_->io),
                           [this](boost::system::error_code error, tcp::socket socket) {
                             if (context_->stopping.load()) return;
                             if (error) {
                               retry_.expires_after(kAcceptRetry);
                               retry_.async_wait([this](boost::system::error_code cancelled) {
                                 if (!cancelled) Accept();
                               });
                               return;
                             }
                             // Over the limit, the connection is closed at once: its socket dies
                             // here.
                             if (num_sessions() < context_->options.max_connections) {
                               StartHttpSession(std::move(socket), context_);
                             }
                             Accept();
                           });
  }

  std::shared_ptr<SessionContext> context_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const HttpServerOptions& options,
                                                       HttpHandler& handler, Clock& clock,
                                                       Random& random) {
  auto server = std::make_unique<HttpServerImpl>(options, handler, clock, random);
  STRIA_RETURN_IF_ERROR(server->Bind());
  return std::unique_ptr<HttpServer>(std::move(server));
}

Result<std::pair<std::string, uint16_t>> ParseHostPort(const std::string& text,
                                                       uint16_t default_port) {
  std::string host = text;
  uint16_t port = default_port;
  const size_t bracket = text.rfind(']');
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stop != end) {
      return InvalidArgument("\"{}\" is no address; want HOST:PORT, such as 127.0.0.1:8181", text);
    }
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "127.0.0.1";
  return std::pair(std::move(host), port);
}

}  // namespace stria::server
