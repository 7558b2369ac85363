// Every setting of the server, declared once: name, type, default, range and sentence. Flags, the
// environment, `system.settings` and docs/operations/configuration.md come from here.

#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace stria {

enum class SettingType : uint8_t { kText, kCount, kSize, kDuration, kFlag };

struct SettingDef {
  std::string_view name;  ///< "section.key"
  SettingType type = SettingType::kText;
  std::string_view default_text;
  /// Of numbers, in their base unit (1, bytes, ns); both inclusive.
  int64_t least = 0;
  int64_t greatest = INT64_MAX;
  std::string_view description;  ///< one sentence
};

/// All settings, by name.
std::span<const SettingDef> AllSettings();

/// Values for all settings: the default until one is set.
///
/// Thread safety: thread-compatible.
class Settings {
 public:
  /// Fails with kInvalidArgument, naming the setting and what is wrong: an unknown name (with the
  /// nearest one), a value that does not read as the type, or one out of range.
  Status Set(std::string_view name, std::string_view text);

  /// Takes STRIA__SECTION__KEY variables of `environment` ("NAME=value" strings, null-terminated).
  /// Unknown names fail as in Set().
  Status SetFromEnvironment(const char* const* environment);

  // Require a setting of that name and type.
  std::string Text(std::string_view name) const;
  int64_t Count(std::string_view name) const;
  uint64_t Size(std::string_view name) const;
  int64_t DurationNs(std::string_view name) const;
  bool Flag(std::string_view name) const;

  bool IsDefault(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;  // Of those that were set.
};

}  // namespace stria
