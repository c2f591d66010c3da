// The JSON Schemas against the parsers: what one takes, so does the other, but for what a schema
// cannot see.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "spec/fixture_files_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

Json json_of(const fs::path& file) {
  return Json::parse(read_file(file).value(), nullptr, /*allow_exceptions=*/false,
                     /*ignore_comments=*/true);
}

class KindSchema {
 public:
  explicit KindSchema(const std::string& path) {
    const Json text = json_of(fs::path(source_path()) / path);
    valijson::SchemaParser parser;
    parser.populateSchema(Adapter(text), schema_);
  }

  // "" when the file is valid.
  std::string error(const fs::path& file) const {
    const Json document = json_of(file);
    if (document.is_discarded()) return "not JSON";
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema_, Adapter(document), &results)) return "";
    std::string text;
    valijson::ValidationResults::Error one;
    while (results.popError(one)) {
      for (const std::string& step : one.context) text += step;
      text += ": " + one.description + "\n";
    }
    return text.empty() ? "refused" : text;
  }

 private:
  valijson::Schema schema_;
};

std::map<std::string, KindSchema> all_schemas() {
  std::map<std::string, KindSchema> schemas;
  schemas.emplace("targets", "targets/target.schema.json");
  schemas.emplace("scenarios", "scenarios/scenario.schema.json");
  schemas.emplace("matrices", "scenarios/matrix.schema.json");
  schemas.emplace("recipes", "images/recipe.schema.json");
  schemas.emplace("hosts", "hosts.schema.json");
  return schemas;
}

// The kind of a file of the tree by its name; "" for files of no kind.
std::string kind_of(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::string tree = file.lexically_relative(source_path()).begin()->string();
  if (name.ends_with(".schema.json")) return "";
  if (tree == "targets" && name.ends_with(".json")) return "targets";
  if (name == "scenario.json") return "scenarios";
  if (name.ends_with(".matrix.json")) return "matrices";
  return name == "recipe.json" ? "recipes" : "";
}

TEST(Schemas, TakeEveryFileOfTheTree) {
  const auto schemas = all_schemas();
  std::size_t count = 0;
  for (const char* folder : {"targets", "scenarios", "images"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(source_path()) / folder)) {
      const std::string kind = kind_of(entry.path());
      if (kind.empty()) continue;
      ++count;
      EXPECT_EQ(schemas.at(kind).error(entry.path()), "") << entry.path();
    }
  }
  EXPECT_GE(count, 15u);
}

TEST(Schemas, TakeTheValidFixtures) {
  const auto schemas = all_schemas();
  for (const auto& [kind, schema] : schemas) {
    for (const Fixture& fixture : fixtures_in(kind, kFixtures / "valid" / kind)) {
      EXPECT_EQ(schema.error(fixture.file), "") << fixture.display_name;
    }
  }
}

// Mistakes that no schema can see: they lie in other files, in comparisons of values, in regular
// expressions, or in keys that stand twice (a JSON library keeps one).
const std::set<std::string> kBeyondSchemas{
    "hosts/patience-too-long.json",
    "matrices/quarantine-until-february-30.json",
    "matrices/vary-same-value-twice.json",
    "recipes/append-unknown-parameter.json",
    "recipes/archives-objects.json",
    "recipes/arguments-unknown-parameter.json",
    "recipes/arguments-unknown-stage.json",
    "recipes/boot-binary-as-elf.json",
    "recipes/boot-objects.json",
    "recipes/boot-unknown-stage.json",
    "recipes/cmake-unknown-stage.json",
    "recipes/boots-a-check.json",
    "recipes/check-of-objects.json",
    "recipes/device-tree-decompile-of-objects.json",
    "recipes/elfloader-of-no-project.json",
    "recipes/elfloader-of-objects.json",
    "recipes/initrd-unknown-stage.json",
    "recipes/links-unknown-stage.json",
    "recipes/load-from-made-stage.json",
    "recipes/load-from-unknown-stage.json",
    "recipes/load-unknown-parameter.json",
    "recipes/missing-unknown-parameter.json",
    "recipes/objcopy-of-objects.json",
    "recipes/parameter-default-not-allowed.json",
    "recipes/parameter-never-closed.json",
    "recipes/refers-to-itself.json",
    "recipes/refers-to-later-stage.json",
    "recipes/stage-name-twice.json",
    "recipes/stage-reference-in-flags.json",
    "recipes/tool-unknown-stage.json",
    "recipes/unknown-named-output.json",
    "recipes/unknown-parameter.json",
    "recipes/unknown-symbols.json",
    "recipes/variant-sets-unknown-parameter.json",
    "recipes/variant-sets-value-not-allowed.json",
    "scenarios/bad-regex-in-boot.json",
    "scenarios/bad-regex-in-forbid.json",
    "scenarios/bad-regex-in-step.json",
    "scenarios/boot-longer-than-timeout.json",
    "scenarios/check-of-every-number.json",
    "scenarios/check-of-unknown-name.json",
    "scenarios/check-range-turned.json",
    "scenarios/check-without-names.json",
    "scenarios/group-without-p.json",
    "scenarios/inactivity-longer-than-timeout.json",
    "scenarios/requires-impossible-value.json",
    "scenarios/step-longer-than-timeout.json",
    "scenarios/transcript-not-there.json",
    "scenarios/unknown-signature.json",
    "targets/board-baud-of-tcp.json",
    "targets/board-deploy-neither.json",
    "targets/board-power-empty.json",
    "targets/board-power-on-alone.json",
    "targets/board-serial-port-too-large.json",
    "targets/board-step-bad-regex.json",
    "targets/board-unknown-word.json",
    "targets/board-uploads-twice.json",
    "targets/board-without-serial.json",
    "targets/broken-base/target.json",
    "targets/conflict-with-inherited/target.json",
    "targets/duplicate-key.json",
    "targets/extends-in-a-circle/target.json",
    "targets/extends-itself/target.json",
    "targets/extends-too-deep/target.json",
    "targets/extends-what-is-not-there.json",
    "targets/inherited-mistake/target.json",
    "targets/kvm-by-name-alone.json",
    "targets/memory-not-whole-megabytes.json",
    "targets/memory-too-large.json",
    "targets/memory-too-small.json",
    "targets/too-many-cpus-for-gicv2.json",
};

TEST(Schemas, RefuseTheMistakesThatTheyCanSee) {
  const auto schemas = all_schemas();
  for (const auto& [kind, schema] : schemas) {
    for (const Fixture& fixture : fixtures_in(kind, kFixtures / kind)) {
      const bool refused = !schema.error(fixture.file).empty();
      EXPECT_EQ(refused, !kBeyondSchemas.contains(fixture.display_name)) << fixture.display_name;
    }
  }
}

// An editor shows the descriptions: every key of every object has one, or its definition does.
void expect_descriptions(const Json& schema, const std::string& where) {
  if (schema.is_object() && schema.contains("properties") && schema.contains("additionalProperties")) {
    for (const auto& [key, value] : schema["properties"].items()) {
      EXPECT_TRUE(value.contains("description") || value.contains("$ref")) << where << "/" << key;
    }
  }
  if (!schema.is_structured()) return;
  for (const auto& [key, value] : schema.items()) expect_descriptions(value, where + "/" + key);
}

TEST(Schemas, DescribeEveryKey) {
  for (const char* path : {"targets/target.schema.json", "scenarios/scenario.schema.json",
                           "scenarios/matrix.schema.json", "images/recipe.schema.json", "hosts.schema.json"}) {
    expect_descriptions(json_of(fs::path(source_path()) / path), path);
  }
}

}  // namespace
}  // namespace bootrig
