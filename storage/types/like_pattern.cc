#include "storage/types/like_pattern.h"

#include <cstddef>

namespace stria {
namespace {

// Bytes of the UTF-8 character at `position`; a stray byte counts as one.
size_t CharacterBytes(std::string_view text, size_t position) {
  size_t size = 1;
  while (position + size < text.size() && size < 4 &&
         (static_cast<unsigned char>(text[position + size]) & 0xc0) == 0x80) {
    ++size;
  }
  return size;
}

}  // namespace

bool MatchesLike(std::string_view text, std::string_view pattern) {
  size_t t = 0, p = 0;
  // Where to go on when what follows the last % did not match: it takes one byte more.
  size_t resume_text = 0, resume_pattern = std::string_view::npos;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      resume_pattern = ++p;
      resume_text = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      t += CharacterBytes(text, t);
      ++p;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (p < pattern.size() && pattern[p + (escaped ? 1 : 0)] == text[t]) {
      p += escaped ? 2 : 1;
      ++t;
      continue;
    }
    if (resume_pattern == std::string_view::npos) return false;
    p = resume_pattern;
    t = ++resume_text;
  }
  while (p < pattern.size() && pattern[p] == '%')
    ++p;
  return p == pattern.size();
}

}  // namespace stria
