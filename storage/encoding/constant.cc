#include "storage/encoding/constant.h"

#include "storage/base/bytes.h"
#include "storage/base/errors.h"

namespace stria::storage {

void EncodeConstant(uint64_t value, std::vector<std::byte>& encoded) {
  AppendInteger(value, encoded);
}

Status DecodeConstant(std::span<const std::byte> encoded, uint32_t num_rows,
                      DecodedVector& decoded) {
  ByteReader reader(encoded);
  STRIA_ASSIGN_OR_RETURN(decoded.view.base, reader.Read<uint64_t>());
  if (!reader.empty()) return Corruption("bytes after the constant: {}", reader.num_remaining());
  decoded.view.lanes = Lanes::kConstant;
  decoded.view.num_rows = num_rows;
  decoded.view.data = nullptr;
  return Status::Ok();
}

}  // namespace stria::storage
