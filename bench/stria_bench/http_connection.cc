#include "bench/stria_bench/http_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/stria_bench/process_stats.h"
#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr int64_t kMaxIdleNs = 1'000'000'000;
constexpr time_t kPatienceSeconds = 600;  // Longer than any statement may run.

bool EqualNoCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c + 0; };
    return lower(x) == lower(y);
  });
}

// The value of a header, or "".
std::string_view HeaderOf(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !EqualNoCase(line.substr(0, colon), name)) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' '))
      value.remove_prefix(1);
    return value;
  }
  return {};
}

void Keep(std::string_view bytes, size_t keep_bytes, HttpReply& reply) {
  reply.body_bytes += bytes.size();
  if (keep_bytes == 0) return;
  reply.body.append(bytes);
  // The front goes in large pieces, so that each byte moves but once or twice.
  if (keep_bytes != HttpConnection::kKeepAll && reply.body.size() / 2 > keep_bytes) {
    reply.body.erase(0, reply.body.size() - keep_bytes);
  }
}

Result<int> Connect(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* addresses = nullptr;
  const std::string port = std::to_string(url.port);
  if (const int error = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &addresses);
      error != 0) {
    return Unavailable("cannot reach http://{}:{}: {}", url.host, port, ::gai_strerror(error));
  }
  int error = 0;
  int connected = -1;
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
      error = errno;
      if (fd >= 0) ::close(fd);
      continue;
    }
    connected = fd;
    break;
  }
  ::freeaddrinfo(addresses);
  if (connected < 0) {
    return Unavailable("cannot reach http://{}:{}: {}. Is the server running?", url.host, port,
                       std::strerror(error));
  }
  const int on = 1;
  ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  ::setsockopt(connected, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return connected;
}

}  // namespace

Result<Url> ParseUrl(std::string_view text) {
  std::string_view rest = text;
  constexpr std::string_view kScheme = "http://";
  if (!rest.starts_with(kScheme)) {
    return InvalidArgument("--url {}: want http://HOST:PORT", text);
  }
  rest.remove_prefix(kScheme.size());
  rest = rest.substr(0, rest.find('/'));
  const size_t colon = rest.rfind(':');
  Url url{.host = std::string(rest.substr(0, colon))};
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size()) {
      return InvalidArgument("--url {}: \"{}\" is no port", text, port);
    }
  }
  if (url.host.empty()) return InvalidArgument("--url {}: want http://HOST:PORT", text);
  return url;
}

HttpConnection::HttpConnection(Url url, int socket)
    : url_(std::move(url)),
      host_(fmt::format("{}:{}", url_.host, url_.port)),
      socket_(socket),
      used_ns_(NowNs()),
      buffer_(kReadBytes) {}

HttpConnection::~HttpConnection() {
  ::close(socket_);
}

Result<std::unique_ptr<HttpConnection>> HttpConnection::Open(const Url& url) {
  STRIA_ASSIGN_OR_RETURN(const int socket, Connect(url));
  return std::unique_ptr<HttpConnection>(new HttpConnection(url, socket));
}

std::string HttpConnection::MakeHead(std::string_view method, std::string_view target,
                                     std::string_view headers) const {
  return fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}", method, target, host_, headers);
}

Result<HttpReply> HttpConnection::Send(std::string_view head, std::string_view body,
                                       size_t keep_bytes) {
  if (NowNs() - used_ns_ > kMaxIdleNs) {
    STRIA_ASSIGN_OR_RETURN(const int socket, Connect(url_));
    ::close(std::exchange(socket_, socket));
    begin_ = end_ = 0;
  }
  const std::string length = fmt::format("Content-Length: {}\r\n\r\n", body.size());
  STRIA_RETURN_IF_ERROR(SendAll(head, length, body));

  STRIA_ASSIGN_OR_RETURN(HttpReply reply, Receive(keep_bytes));
  used_ns_ = NowNs();
  return reply;
}

Result<HttpReply> HttpConnection::Receive(size_t keep_bytes) {
  HttpReply reply;
  std::string_view received;
  do {
    STRIA_ASSIGN_OR_RETURN(received, ReadHead());
    const std::string_view code = received.substr(std::min<size_t>(received.find(' ') + 1, 12), 3);
    const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), reply.status);
    if (!received.starts_with("HTTP/1.") || error != std::errc() || end != code.end()) {
      return Corruption("{}: the answer is no HTTP", host_);
    }
  } while (reply.status == 100);
  if (reply.status == 204 || reply.status == 304) return reply;
  if (EqualNoCase(HeaderOf(received, "transfer-encoding"), "chunked")) {
    STRIA_RETURN_IF_ERROR(ReadChunks(keep_bytes, reply));
    return reply;
  }
  uint64_t num_bytes = 0;
  const std::string_view text = HeaderOf(received, "content-length");
  if (std::from_chars(text.data(), text.data() + text.size(), num_bytes).ec != std::errc()) {
    return Corruption("{}: an answer without a length", host_);
  }
  STRIA_RETURN_IF_ERROR(ReadBody(num_bytes, keep_bytes, reply));
  return reply;
}

Status HttpConnection::SendAll(std::string_view head, std::string_view length,
                               std::string_view body) {
  std::array<iovec, 3> pieces{};
  size_t num_pieces = 0;
  for (const std::string_view piece : {head, length, body}) {
    if (piece.empty()) continue;
    // sendmsg() does not write to what iov_base points to.
    pieces[num_pieces++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  size_t first = 0;
  while (first < num_pieces) {
    msghdr message{};
    message.msg_iov = &pieces[first];
    message.msg_iovlen = num_pieces - first;
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Unavailable("{}: cannot send: {}", host_, std::strerror(errno));
    auto left = static_cast<size_t>(sent);
    while (first < num_pieces && left >= pieces[first].iov_len)
      left -= pieces[first++].iov_len;
    if (first < num_pieces) {
      pieces[first].iov_base = static_cast<char*>(pieces[first].iov_base) + left;
      pieces[first].iov_len -= left;
    }
  }
  return Status::Ok();
}

Status HttpConnection::Fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ == 0) return Corruption("{}: a head of over {} bytes", host_, buffer_.size());
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (true) {
    const ssize_t received = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return Unavailable("{}: no answer: {}", host_, std::strerror(errno));
    if (received == 0) return Unavailable("{}: the server closed the connection", host_);
    end_ += static_cast<size_t>(received);
    return Status::Ok();
  }
}

Result<std::string_view> HttpConnection::ReadHead() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  size_t searched = 0;
  while (true) {
    const std::string_view received(buffer_.data() + begin_, end_ - begin_);
    const size_t found = received.find(kEnd, searched);
    if (found != std::string_view::npos) {
      begin_ += found + kEnd.size();
      return received.substr(0, found);
    }
    searched = received.size() < kEnd.size() ? 0 : received.size() - kEnd.size();
    STRIA_RETURN_IF_ERROR(Fill());
  }
}

Result<std::string_view> HttpConnection::ReadLine() {
  while (true) {
    const std::string_view received(buffer_.data() + begin_, end_ - begin_);
    const size_t found = received.find("\r\n");
    if (found != std::string_view::npos) {
      begin_ += found + 2;
      return received.substr(0, found);
    }
    STRIA_RETURN_IF_ERROR(Fill());
  }
}

Status HttpConnection::ReadBody(uint64_t num_bytes, size_t keep_bytes, HttpReply& reply) {
  while (num_bytes > 0) {
    if (begin_ == end_) STRIA_RETURN_IF_ERROR(Fill());
    const size_t size = std::min<uint64_t>(num_bytes, end_ - begin_);
    Keep({buffer_.data() + begin_, size}, keep_bytes, reply);
    begin_ += size;
    num_bytes -= size;
  }
  return Status::Ok();
}

Status HttpConnection::ReadChunks(size_t keep_bytes, HttpReply& reply) {
  while (true) {
    STRIA_ASSIGN_OR_RETURN(const std::string_view line, ReadLine());
    uint64_t size = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), size, 16).ec != std::errc()) {
      return Corruption("{}: \"{}\" is no size of a chunk", host_, line);
    }
    if (size > 0) STRIA_RETURN_IF_ERROR(ReadBody(size, keep_bytes, reply));
    STRIA_ASSIGN_OR_RETURN(const std::string_view end, ReadLine());
    if (!end.empty()) return Corruption("{}: a chunk that does not end", host_);
    if (size == 0) return Status::Ok();
  }
}

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace stria::bench
