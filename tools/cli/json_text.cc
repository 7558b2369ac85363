#include "tools/cli/json_text.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace stria::cli {
namespace {

namespace json = boost::json;

// The first member called `name`, at any depth, for which `takes` holds.
template <typename Takes>
const json::value* FindMember(const json::value& value, std::string_view name, const Takes& takes) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      const bool named = std::string_view(member.key().data(), member.key().size()) == name;
      if (named && takes(member.value())) return &member.value();
      if (const auto* found = FindMember(member.value(), name, takes)) return found;
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) {
      if (const auto* found = FindMember(element, name, takes)) return found;
    }
  }
  return nullptr;
}

}  // namespace

std::string JsonQuote(std::string_view text) {
  return json::serialize(json::string(text.data(), text.size()));
}

std::optional<std::string> FindJsonString(std::string_view text, std::string_view name) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return std::nullopt;
  const auto* found =
      FindMember(value, name, [](const json::value& member) { return member.is_string(); });
  if (found == nullptr) return std::nullopt;
  const json::string& string = found->get_string();
  return std::string(string.data(), string.size());
}

std::optional<int64_t> FindJsonInteger(std::string_view text, std::string_view name) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return std::nullopt;
  const auto* found =
      FindMember(value, name, [](const json::value& member) { return member.is_int64(); });
  if (found == nullptr) return std::nullopt;
  return found->get_int64();
}

std::optional<int64_t> FirstJsonInteger(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto* rows = value.get_object().if_contains("rows");
  if (rows == nullptr || !rows->is_array() || rows->get_array().empty()) return std::nullopt;
  const auto* row = rows->get_array()[0].if_array();
  if (row == nullptr || row->empty()) return std::nullopt;
  if (const auto* number = (*row)[0].if_int64()) return *number;
  return std::nullopt;
}

}  // namespace stria::cli
