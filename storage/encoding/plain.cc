#include "storage/encoding/plain.h"

#include <algorithm>
#include <cstring>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"

namespace stria::storage {

namespace {

Status CheckLength(std::span<const std::byte> encoded, uint32_t num_rows) {
  if (encoded.size() == size_t{num_rows} * 8) return Status::Ok();
  return Corruption("{} bytes of plain values, want {}", encoded.size(), size_t{num_rows} * 8);
}

}  // namespace

void EncodePlain(std::span<const uint64_t> values, std::vector<std::byte>& encoded) {
  AppendBytes(std::as_bytes(values), encoded);
}

Status DecodePlain(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  STRIA_RETURN_IF_ERROR(CheckLength(encoded, num_rows));
  std::memcpy(decoded.TakeLanes(std::max<size_t>(1, encoded.size())), encoded.data(),
              encoded.size());
  decoded.view.lanes = Lanes::k64;
  decoded.view.base = 0;
  decoded.view.num_rows = num_rows;
  decoded.view.data = decoded.lanes();
  return Status::Ok();
}

Status DecodePlainRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits) {
  STRIA_RETURN_IF_ERROR(CheckLength(encoded, num_rows));
  for (const uint32_t row : rows)
    std::memcpy(bits++, encoded.data() + size_t{row} * 8, sizeof *bits);
  return Status::Ok();
}

}  // namespace stria::storage
