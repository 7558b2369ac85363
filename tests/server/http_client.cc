#include "tests/server/http_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stria::server {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// The value of a header in a head, lower case name; "" when it is not there.
std::string HeadValue(std::string head, std::string name) {
  const auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
  std::ranges::transform(head, head.begin(), lower);
  const size_t begin = head.find("\r\n" + name + ": ");
  if (begin == std::string::npos) return {};
  const size_t value = begin + name.size() + 4;
  return head.substr(value, head.find("\r\n", value) - value);
}

}  // namespace

RawClient::RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(::connect(socket_, generic, sizeof(address)), 0);
}

RawClient::~RawClient() {
  ::close(socket_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawClient::FinishSending() {
  ::shutdown(socket_, SHUT_WR);
}

bool RawClient::ReadMore() {
  std::array<char, 65536> bytes;
  const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (size <= 0) return false;
  buffer_.append(bytes.data(), static_cast<size_t>(size));
  return true;
}

std::string RawClient::ReadAnswer() {
  size_t head_end;
  while ((head_end = buffer_.find(kHeadEnd)) == std::string::npos) {
    if (!ReadMore()) return std::exchange(buffer_, {});
  }
  size_t size = head_end + kHeadEnd.size();
  const std::string head = buffer_.substr(0, size);
  if (HeadValue(head, "transfer-encoding") == "chunked") {
    while (true) {
      const size_t line_end = buffer_.find("\r\n", size);
      if (line_end == std::string::npos) {
        if (!ReadMore()) return std::exchange(buffer_, {});
        continue;
      }
      const size_t chunk = std::strtoul(buffer_.c_str() + size, nullptr, 16);
      const size_t end = line_end + 2 + chunk + 2;
      while (buffer_.size() < end) {
        if (!ReadMore()) return std::exchange(buffer_, {});
      }
      size = end;
      if (chunk == 0) break;
    }
  } else if (const std::string length = HeadValue(head, "content-length"); !length.empty()) {
    size += std::strtoul(length.c_str(), nullptr, 10);
    while (buffer_.size() < size) {
      if (!ReadMore()) return std::exchange(buffer_, {});
    }
  }
  std::string answer = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

std::string RawClient::ReadAll() {
  while (ReadMore()) {
  }
  return std::exchange(buffer_, {});
}

std::string BodyOf(const std::string& answer) {
  const size_t head_end = answer.find(kHeadEnd);
  return head_end == std::string::npos ? std::string() : answer.substr(head_end + kHeadEnd.size());
}

}  // namespace stria::server
