// A client that sends exactly the bytes it is told, for tests of the listener.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stria::server {

/// One connection to 127.0.0.1.
///
/// Thread safety: confined.
class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Sends all of `bytes`. Returns false when the other side has closed.
  bool Send(std::string_view bytes);

  /// Says that nothing more comes.
  void FinishSending();

  /// One answer: head and body, as Content-Length or chunks say. What came of it when the
  /// connection ends early; "" when nothing did.
  std::string ReadAnswer();

  /// Everything up to the end of the connection.
  std::string ReadAll();

 private:
  bool ReadMore();

  int socket_ = -1;
  std::string buffer_;
};

/// The part of an answer after its head.
std::string BodyOf(const std::string& answer);

}  // namespace stria::server
