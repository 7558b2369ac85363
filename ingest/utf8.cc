#include "ingest/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stria::ingest {
namespace {

// The length of the well-formed character at `bytes`, or 0. Source: The Unicode Standard 15,
// table 3-7: only the second byte has ranges that depend on the first.
size_t CharacterSize(const unsigned char* bytes, size_t size) {
  const unsigned char lead = bytes[0];
  if (lead < 0x80) return 1;
  size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || size < length || bytes[1] < low || bytes[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((bytes[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t rest = text.size();
  while (rest != 0) {
    // Eight ASCII bytes at a time: nearly everything that devices send.
    if (rest >= 8) {
      uint64_t word;
      std::memcpy(&word, bytes, sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        bytes += 8;
        rest -= 8;
        continue;
      }
    }
    const size_t length = CharacterSize(bytes, rest);
    if (length == 0) return false;
    bytes += length;
    rest -= length;
  }
  return true;
}

}  // namespace stria::ingest
