#include "storage/base/settings.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria {
namespace {

using testing::HasSubstr;

TEST(SettingsTest, EachIsDeclaredOnceInOrderWithADefaultThatReadsAndASentence) {
  const auto all = AllSettings();
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &SettingDef::name));
  EXPECT_EQ(std::ranges::adjacent_find(all, {}, &SettingDef::name), all.end());
  for (const auto& setting : all) {
    Settings settings;
    EXPECT_TRUE(settings.Set(setting.name, setting.default_text).ok()) << setting.name;
    EXPECT_NE(setting.name.find('.'), std::string_view::npos);
    EXPECT_TRUE(setting.description.ends_with('.')) << setting.name;
  }
}

TEST(SettingsTest, ValuesAreReadInTheirUnits) {
  Settings settings;
  EXPECT_TRUE(settings.IsDefault("storage.wal"));
  EXPECT_EQ(settings.Size("storage.wal"), 256U << 20);
  ASSERT_TRUE(settings.Set("storage.wal", "1GiB").ok());
  ASSERT_TRUE(settings.Set("query.timeout", "1m30s").ok());
  ASSERT_TRUE(settings.Set("ingest.create_databases", "off").ok());
  ASSERT_TRUE(settings.Set("server.threads", "7").ok());
  EXPECT_FALSE(settings.IsDefault("storage.wal"));
  EXPECT_EQ(settings.Size("storage.wal"), 1U << 30);
  EXPECT_EQ(settings.DurationNs("query.timeout"), 90'000'000'000);
  EXPECT_FALSE(settings.Flag("ingest.create_databases"));
  EXPECT_EQ(settings.Count("server.threads"), 7);
  EXPECT_EQ(settings.Text("server.http"), "127.0.0.1:8181");
}

TEST(SettingsTest, AWrongNameIsToldTheNearest) {
  const Status status = Settings().Set("storage.memtabel", "1MiB");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Did you mean storage.memtable?"));
}

TEST(SettingsTest, AWrongValueChangesNothing) {
  Settings settings;
  for (const auto& [name, text] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"storage.wal", "lots"},
           {"storage.wal", "1KiB"},
           {"query.timeout", "60"},
           {"server.threads", "-1"},
           {"server.threads", "1.5"},
           {"ingest.create_databases", "perhaps"}}) {
    const Status status = settings.Set(name, text);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << name << "=" << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(name)));
    EXPECT_TRUE(settings.IsDefault(name));
  }
}

TEST(SettingsTest, TheEnvironmentSetsThemByNameInCapitals) {
  const char* const environment[] = {"PATH=/bin", "STRIA__STORAGE__WAL_SEGMENT=8MiB",
                                     "STRIA_HTTP=ignored", nullptr};
  Settings settings;
  ASSERT_TRUE(settings.SetFromEnvironment(environment).ok());
  EXPECT_EQ(settings.Size("storage.wal_segment"), 8U << 20);
  const char* const wrong[] = {"STRIA__STORAGE__NOTHING=1", nullptr};
  EXPECT_THAT(std::string(settings.SetFromEnvironment(wrong).message()), HasSubstr("environment"));
}

}  // namespace
}  // namespace stria
