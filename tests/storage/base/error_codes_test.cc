#include "storage/base/error_codes.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace stria {
namespace {

TEST(ErrorCodesTest, EachCodeIsDeclaredOnceWithAnHttpErrorAndASentence) {
  std::set<std::string_view> codes;
  for (const auto& code : AllErrorCodes()) {
    EXPECT_TRUE(codes.insert(code.code).second) << code.code;
    EXPECT_GE(code.http_status, 400);
    EXPECT_LT(code.http_status, 600);
    EXPECT_TRUE(code.description.ends_with('.')) << code.code;
    EXPECT_EQ(&FindErrorCode(code.code), &code);
  }
}

TEST(ErrorCodesTest, EveryStatusHasACodeOfTheApi) {
  for (uint8_t number = 1; number <= static_cast<uint8_t>(StatusCode::kOutOfRange); ++number) {
    const auto code = ApiCodeOf(static_cast<StatusCode>(number));
    EXPECT_EQ(FindErrorCode(code).code, code);
  }
  EXPECT_EQ(ApiCodeOf(StatusCode::kDiskFull), "disk_full");
  EXPECT_EQ(ApiCodeOf(StatusCode::kIoError), "read_only");
  EXPECT_EQ(FindErrorCode("disk_full").http_status, 503);
}

TEST(ErrorCodesTest, AnUnknownCodeIsAnErrorOfTheServer) {
  EXPECT_EQ(FindErrorCode("nonsense").http_status, 500);
}

}  // namespace
}  // namespace stria
