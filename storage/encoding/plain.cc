#include "storage/encoding/plain.h"

#include <algorithm>
#include <cstring>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"

namespace stria::storage {

void EncodePlain(std::span<const uint64_t> values, std::vector<std::byte>& encoded) {
  AppendBytes(std::as_bytes(values), encoded);
}

Status DecodePlain(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  if (encoded.size() != size_t{num_rows} * 8) {
    return Corruption("{} bytes of plain values, want {}", encoded.size(), size_t{num_rows} * 8);
  }
  std::memcpy(decoded.TakeLanes(std::max<size_t>(1, encoded.size())), encoded.data(),
              encoded.size());
  decoded.view.lanes = Lanes::k64;
  decoded.view.base = 0;
  decoded.view.num_rows = num_rows;
  decoded.view.data = decoded.lanes.get();
  return Status::Ok();
}

}  // namespace stria::storage
