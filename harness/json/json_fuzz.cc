// Any text as JSON: what is read is written and read again, the same; the located reader refuses with a place.
// seeds: harness/spec/fixtures/valid/*/*.json harness/spec/fixtures/*/*.json targets/*.json
#include "base/check.h"
#include "json/reader.h"
#include "json/value.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

void check_value(std::string_view text) {
  const auto value = parse_json("x.json", text);
  if (!value) {
    CHECK(value.error().place.starts_with("x.json:"));
    return;
  }
  const std::string written = write_json(*value);
  const auto again = parse_json("x.json", written);
  CHECK(again && write_json(*again) == written);
  const auto indented = parse_json("x.json", write_json(*value, true));
  CHECK(indented && write_json(*indented) == written);
}

void read_everything(JsonReader& json, unsigned depth) {
  std::string text;
  unsigned count = 0;
  double factor = 0;
  std::vector<std::string> texts;
  std::map<std::string, std::string> map;
  JsonReader::TextLists lists;
  json.text("summary", text, kRequired);
  json.count("cpus", count, 1, 512);
  json.factor("timeout-multiplier", factor, 100);
  json.texts("tags", texts);
  json.scalars("values", texts);
  json.text_map("set", map);
  json.scalar_lists("vary", lists);
  json.object_map("parameters", [](const std::string&, JsonReader& member) { member.ignore_all(); });
  if (depth == 0) return;
  json.object("machine", [depth](JsonReader& machine) { read_everything(machine, depth - 1); });
  json.objects("stages", [depth](JsonReader& stage) { read_everything(stage, depth - 1); });
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_value(text);
  const auto document = JsonDocument::parse("x.json", text);
  if (!document) {
    CHECK(document.error().place.starts_with("x.json:"));
    return 0;
  }
  (void)document->root_text("extends");
  const auto read = document->read([](JsonReader& json) { read_everything(json, 3); });
  if (!read) CHECK(read.error().place.starts_with("x.json:") && !read.error().message.empty());
  JsonDocument merged = *document;
  merged.inherit(*document);
  CHECK(merged.read([](JsonReader& json) { read_everything(json, 3); }).has_value() == read.has_value());
  return 0;
}
