// Documents against the JSON Schemas that stand in the tree.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace bootrig {

// All that the schema says against the document; "" when it is valid. A "$ref" to another file is one beside it.
std::string against_schema(const std::filesystem::path& schema, std::string_view document);

}  // namespace bootrig
