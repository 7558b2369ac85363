#include "bench/stria_bench/null_sink.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr size_t kReadBytes = 1 << 20;
constexpr std::string_view kAnswer = "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n";

// The Content-Length of a head written by HttpConnection.
uint64_t BodyBytes(std::string_view head) {
  constexpr std::string_view kName = "Content-Length: ";
  const size_t found = head.find(kName);
  uint64_t bytes = 0;
  if (found != std::string_view::npos) {
    const std::string_view digits = head.substr(found + kName.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<NullSink>> NullSink::Start() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || ::bind(listener, generic, size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, generic, &size) != 0) {
    const int error = errno;
    if (listener >= 0) ::close(listener);
    return IoError("cannot listen on 127.0.0.1: {}", std::strerror(error));
  }
  return std::unique_ptr<NullSink>(new NullSink(listener, ntohs(address.sin_port)));
}

NullSink::NullSink(int listener, uint16_t port)
    : listener_(listener), port_(port), acceptor_([this] { Accept(); }) {}

NullSink::~NullSink() {
  ::shutdown(listener_, SHUT_RDWR);
  std::vector<std::jthread> connections;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const int socket : sockets_)
      ::shutdown(socket, SHUT_RDWR);
    connections.swap(connections_);
  }
  acceptor_.join();
  for (auto& connection : connections)
    connection.join();
  ::close(listener_);
  const MutexLock lock(mutex_);
  for (const int socket : sockets_)
    ::close(socket);
}

void NullSink::Accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const MutexLock lock(mutex_);
    if (stopping_) {
      ::close(socket);
      return;
    }
    sockets_.push_back(socket);
    connections_.emplace_back([socket] { Serve(socket); });
  }
}

void NullSink::Serve(int socket) {
  std::vector<char> buffer(kReadBytes);
  std::string head;
  uint64_t body_left = 0;
  bool in_body = false;
  while (true) {
    // Of a body, the kernel drops the bytes: copying them here would measure the sink.
    const size_t wanted = in_body ? std::min<uint64_t>(body_left, buffer.size()) : buffer.size();
    const ssize_t received = ::recv(socket, buffer.data(), wanted, in_body ? MSG_TRUNC : 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return;
    uint64_t num_bytes = static_cast<uint64_t>(received);
    if (!in_body) {
      head.append(buffer.data(), num_bytes);
      const size_t end = head.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      num_bytes = head.size() - (end + 4);
      body_left = BodyBytes(head);
      head.clear();
    }
    // A client waits for its answer: nothing comes behind a body.
    body_left -= std::min(body_left, num_bytes);
    in_body = body_left > 0;
    if (in_body) continue;
    if (::send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace stria::bench
