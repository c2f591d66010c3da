#include "json/members.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace bootrig {

JsonMembers::JsonMembers(const JsonValue* value, std::string name, Result<void>& state)
    : object_(value == nullptr ? nullptr : std::get_if<JsonValue::Object>(&value->value)),
      name_(std::move(name)),
      state_(state) {
  if (object_ == nullptr) wrong("an object");
}

void JsonMembers::wrong(std::string_view what) {
  if (state_) state_ = fail(fmt::format("{}: {} is missing or of another type", name_, what));
}

const JsonValue* JsonMembers::find(std::string_view key) const {
  if (object_ == nullptr) return nullptr;
  for (const auto& [name, value] : *object_) {
    if (name == key) return &value;
  }
  return nullptr;
}

template <typename T>
const T* JsonMembers::find_typed(std::string_view key) const {
  const JsonValue* value = find(key);
  return value == nullptr ? nullptr : std::get_if<T>(&value->value);
}

std::string JsonMembers::text(std::string_view key) {
  if (const auto* text = find_typed<std::string>(key)) return *text;
  wrong(fmt::format("a string '{}'", key));
  return "";
}

bool JsonMembers::boolean(std::string_view key) {
  if (const bool* value = find_typed<bool>(key)) return *value;
  wrong(fmt::format("true or false '{}'", key));
  return false;
}

std::uint64_t JsonMembers::count(std::string_view key) {
  if (const auto* number = find_typed<std::uint64_t>(key)) return *number;
  const auto* number = find_typed<std::int64_t>(key);
  if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
  wrong(fmt::format("a whole number '{}'", key));
  return 0;
}

std::int64_t JsonMembers::integer(std::string_view key) {
  if (const auto* number = find_typed<std::int64_t>(key)) return *number;
  wrong(fmt::format("a whole number '{}'", key));
  return 0;
}

double JsonMembers::number(std::string_view key) {
  if (const auto* real = find_typed<double>(key)) return *real;
  if (const auto* whole = find_typed<std::int64_t>(key)) return static_cast<double>(*whole);
  wrong(fmt::format("a number '{}'", key));
  return 0;
}

Duration JsonMembers::milliseconds(std::string_view key) {
  constexpr double kMost = 9e18;  // nanoseconds that a Duration holds
  std::optional<double> number;
  if (const auto* real = find_typed<double>(key)) number = *real;
  if (const auto* whole = find_typed<std::int64_t>(key)) number = static_cast<double>(*whole);
  if (number && std::abs(*number * 1e6) < kMost) return Duration(static_cast<std::int64_t>(*number * 1e6));
  wrong(fmt::format("a number '{}'", key));
  return Duration(0);
}

const JsonValue::Array& JsonMembers::array(std::string_view key) {
  static const JsonValue::Array kEmpty;
  if (const auto* array = find_typed<JsonValue::Array>(key)) return *array;
  wrong(fmt::format("an array '{}'", key));
  return kEmpty;
}

std::vector<std::string> JsonMembers::texts(std::string_view key) {
  std::vector<std::string> texts;
  for (const JsonValue& value : array(key)) {
    const auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr) wrong(fmt::format("an array of strings '{}'", key));
    texts.push_back(text == nullptr ? "" : *text);
  }
  return texts;
}

std::map<std::string, std::string> JsonMembers::map(std::string_view key) {
  std::map<std::string, std::string> map;
  const auto* object = find_typed<JsonValue::Object>(key);
  if (object == nullptr) return wrong(fmt::format("an object '{}'", key)), map;
  for (const auto& [name, member] : *object) {
    if (const auto* text = std::get_if<std::string>(&member.value)) map.emplace(name, *text);
  }
  return map;
}

JsonValue texts_to_json(const std::vector<std::string>& texts) {
  return JsonValue::Array(texts.begin(), texts.end());
}

}  // namespace bootrig
