// JsonNode: the tree behind JsonDocument and JsonReader. Private to json/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bootrig {

struct JsonNode {
  using Array = std::vector<JsonNode>;
  using Object = std::vector<std::pair<std::string, JsonNode>>;  // the file's order

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value = nullptr;
  std::shared_ptr<const std::string> origin;  // the display name of the file that it stands in

  const Object* object() const { return std::get_if<Object>(&value); }
  const Array* array() const { return std::get_if<Array>(&value); }
  // The member of an object or the element of an array ("0", "1", ...); null when there is none.
  const JsonNode* child(std::string_view key) const;
};

// "a number, 5", "a string, 'x'", "an object": for "found ...".
std::string describe(const JsonNode& node);

}  // namespace bootrig
