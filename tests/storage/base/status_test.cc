#include "storage/base/status.h"

#include <memory>

#include <gtest/gtest.h>

#include "storage/base/errors.h"

namespace stria {
namespace {

TEST(StatusTest, ContextGoesInFrontAndTheCodeStays) {
  const Status status = Corruption("checksum mismatch at {}", 17).WithContext("part 3");
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_EQ(status.message(), "part 3: checksum mismatch at 17");
  EXPECT_EQ(status.ToString(), "corruption: part 3: checksum mismatch at 17");
  EXPECT_TRUE(Status::Ok().WithContext("part 3").ok());
}

TEST(StatusTest, AResultHoldsWhatCanOnlyBeMoved) {
  const auto make = [](bool good) -> Result<std::unique_ptr<int>> {
    if (!good) return NotFound("nothing");
    return std::make_unique<int>(7);
  };
  const auto use = [&](bool good) -> Result<int> {
    STRIA_ASSIGN_OR_RETURN(const auto pointer, make(good));
    return *pointer;
  };
  EXPECT_EQ(*use(true), 7);
  EXPECT_EQ(use(false).error().code(), StatusCode::kNotFound);
}

TEST(StatusTest, EveryCodeHasAName) {
  for (uint8_t code = 0; code <= static_cast<uint8_t>(StatusCode::kOutOfRange); ++code)
    EXPECT_FALSE(StatusCodeName(static_cast<StatusCode>(code)).empty());
}

}  // namespace
}  // namespace stria
