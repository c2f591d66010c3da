// JsonValue: a JSON document as plain data, for writing. Strings may hold hostile bytes: writing replaces what is not
// UTF-8 by U+FFFD, so that every text written is JSON. Reading with places and types is JsonReader's work (reader.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<std::pair<std::string, JsonValue>>;  // keeps the order of insertion

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value = nullptr;

  JsonValue() = default;
  JsonValue(std::nullptr_t) {}
  JsonValue(bool b) : value(b) {}
  JsonValue(int number) : value(std::int64_t{number}) {}
  JsonValue(unsigned number) : value(std::uint64_t{number}) {}
  JsonValue(std::int64_t number) : value(number) {}
  JsonValue(std::uint64_t number) : value(number) {}
  JsonValue(double number) : value(number) {}
  JsonValue(const char* text) : value(std::string(text)) {}
  JsonValue(std::string_view text) : value(std::string(text)) {}
  JsonValue(std::string text) : value(std::move(text)) {}
  JsonValue(Array array) : value(std::move(array)) {}
  JsonValue(Object object) : value(std::move(object)) {}
};

// Compact on one line, or indented by two spaces. Never fails.
std::string write_json(const JsonValue& value, bool indented = false);

// Parses (comments allowed); errors have the place "display_name:line:column". A key that appears twice in an object
// and a depth over 200 are refused. Whole numbers are int64 when they fit, else uint64.
Result<JsonValue> parse_json(std::string_view display_name, std::string_view text);

}  // namespace bootrig
