#include "testing/json_schema.h"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/file.h"

namespace bootrig {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

std::string against_schema(const std::filesystem::path& schema, std::string_view document) {
  const auto read = [](const std::filesystem::path& path) {
    return json::parse(read_file(path).value_or(""), nullptr, /*allow_exceptions=*/false);
  };
  const json schema_document = read(schema);
  const json parsed = json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (schema_document.is_discarded()) return schema.string() + " is no JSON file";
  if (parsed.is_discarded()) return "the document is no JSON";
  valijson::Schema populated;
  valijson::SchemaParser parser;
  parser.populateSchema(
      Adapter(schema_document), populated,
      [&](const std::string& uri) -> const json* { return new json(read(schema.parent_path() / uri)); },
      [](const json* fetched) { delete fetched; });
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(populated, Adapter(parsed), &results)) return "";
  std::string text;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text.empty() ? "refused" : text;
}

}  // namespace bootrig
