#include "json/reader.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using namespace std::chrono_literals;

// The error of reading `text` with `reading`, as one line.
std::string error_of(std::string_view text, const JsonObjectReading& reading) {
  const auto document = JsonDocument::parse("f.json", text);
  if (!document) return to_text(document.error());
  const auto result = document->read(reading);
  return result ? "none" : to_text(result.error());
}
std::string syntax_error_of(std::string_view text) {
  return error_of(text, [](JsonReader& json) { json.ignore_all(); });
}

struct Sample {
  std::string text, any = "before";
  std::optional<std::string> none;
  unsigned count = 0;
  double factor = 1;
  Duration duration{0};
  std::optional<Duration> no_duration;
  std::uint64_t size = 0;
  std::optional<std::uint64_t> address;
  bool raw = false;
  bool flag = false;
  std::vector<std::string> texts, scalars, inner;
  std::map<std::string, std::string> map;
  JsonReader::TextLists lists;
};

constexpr std::array<JsonChoice<bool>, 2> kFormats{{{"elf", false}, {"raw", true}}};

void read_sample(JsonReader& json, Sample& sample) {
  json.text("text", sample.text, kRequired);
  json.any_text("any", sample.any);
  json.text("none", sample.none);
  json.count("count", sample.count, 1, 3);
  json.flag("flag", sample.flag);
  json.factor("factor", sample.factor, 100);
  json.duration("duration", sample.duration);
  json.duration("no-duration", sample.no_duration);
  json.size("size", sample.size);
  json.address("address", sample.address);
  json.choice<bool>("format", sample.raw, kFormats);
  json.distinct_texts("texts", sample.texts);
  json.scalars("scalars", sample.scalars);
  json.text_map("map", sample.map);
  json.scalar_lists("lists", sample.lists);
  json.objects("objects", [&](JsonReader& inner) { inner.text("name", sample.inner.emplace_back(), kRequired); });
}
std::string sample_error(std::string_view text) {
  Sample sample;
  return error_of(text, [&](JsonReader& json) { read_sample(json, sample); });
}

TEST(JsonReader, ReadsEveryType) {
  const auto document = JsonDocument::parse("f.json", R"({ // a comment
    "text": "x", "any": "", "count": 2, "flag": true, "factor": 1.5, "duration": "1m30s", "size": "2G",
    "address": "0x40000000", "format": "raw", "texts": ["a", "b"], "scalars": [2, "1G", -1],
    "map": {"k": ""}, "lists": {"z": [1], "a": ["2"]}, "objects": [{"name": "n"}, {"name": "m"}] })");
  ASSERT_TRUE(document) << to_text(document.error());
  Sample sample;
  const auto result = document->read([&](JsonReader& json) { read_sample(json, sample); });
  ASSERT_TRUE(result) << to_text(result.error());
  EXPECT_EQ(sample.text, "x");
  EXPECT_EQ(sample.any, "");
  EXPECT_FALSE(sample.none);
  EXPECT_EQ(sample.count, 2u);
  EXPECT_TRUE(sample.flag);
  EXPECT_EQ(sample.factor, 1.5);
  EXPECT_EQ(sample.duration, 90s);
  EXPECT_FALSE(sample.no_duration);
  EXPECT_EQ(sample.size, std::uint64_t{2} << 30);
  EXPECT_EQ(sample.address, 0x40000000u);
  EXPECT_TRUE(sample.raw);
  EXPECT_EQ(sample.texts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sample.scalars, (std::vector<std::string>{"2", "1G", "-1"}));
  EXPECT_EQ(sample.map, (std::map<std::string, std::string>{{"k", ""}}));
  EXPECT_EQ(sample.lists, (JsonReader::TextLists{{"z", {"1"}}, {"a", {"2"}}}));
  EXPECT_EQ(sample.inner, (std::vector<std::string>{"n", "m"}));
}

TEST(JsonReader, WrongTypesSayWhatWasFound) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"text": 5})", "f.json:/text: found a number, 5; a string is expected"},
      {R"({"text": "x", "flag": 1})", "f.json:/flag: found a number, 1; true or false is expected"},
      {R"({"text": null})", "f.json:/text: found null; a string is expected"},
      {R"({"text": ""})", "f.json:/text: found an empty string; some text is expected"},
      {R"({"text": "a\u0000b"})", "f.json:/text: found 'a\\x00b'; a string without NUL bytes is expected"},
      {R"({"text": "x", "count": 4})", "f.json:/count: found a number, 4; a whole number from 1 to 3 is expected"},
      {R"({"text": "x", "count": 2.5})", "f.json:/count: found a number, 2.5; a whole number from 1 to 3 is expected"},
      {R"({"text": "x", "count": "2"})", "f.json:/count: found a string, '2'; a whole number from 1 to 3 is expected"},
      {R"({"text": "x", "factor": 0})",
       "f.json:/factor: found a number, 0; a number greater than 0 and at most 100 is expected"},
      {R"({"text": "x", "duration": 10})",
       "f.json:/duration: found a number, 10; a string with a duration, as in \"10s\", is "
       "expected"},
      {R"({"text": "x", "duration": "10"})",
       "f.json:/duration: '10' is not a duration; write a number and a unit, as in '500ms', '10s' "
       "or '1m30s'"},
      {R"({"text": "x", "duration": "0s"})", "f.json:/duration: '0s' is too small; write more than zero"},
      {R"({"text": "x", "size": "1GB"})",
       "f.json:/size: '1GB' is not a size; write a whole number of bytes or of K, M, G or T "
       "(powers of 1024), "
       "as in '512M' or '2G'"},
      {R"({"text": "x", "address": "40"})",
       "f.json:/address: '40' is not an address; write hexadecimal with 0x, as in '0x40400000'"},
      {R"({"text": "x", "format": "Raw"})",
       "f.json:/format: found 'Raw'; one of 'elf' or 'raw' is expected; did you mean 'raw'?"},
      {R"({"text": "x", "texts": "a"})", "f.json:/texts: found a string, 'a'; an array of strings is expected"},
      {R"({"text": "x", "texts": ["a", true]})", "f.json:/texts/1: found true; a string is expected"},
      {R"({"text": "x", "texts": ["a", "a"]})", "f.json:/texts/1: 'a' stands twice in this list"},
      {R"({"text": "x", "scalars": [1.5]})",
       "f.json:/scalars/0: found a number, 1.5; a string or a whole number is expected"},
      {R"({"text": "x", "scalars": []})", "f.json:/scalars: the list is empty; at least one value is expected"},
      {R"({"text": "x", "map": {"a/b": []}})", "f.json:/map/a~1b: found an array; a string is expected"},
      {R"({"text": "x", "lists": {"gic": 2}})",
       "f.json:/lists/gic: found a number, 2; an array of strings or whole numbers is expected"},
      {R"({"text": "x", "objects": [{"name": "n"}, {}]})", "f.json:/objects/1: the key 'name' is missing"},
      {R"({"text": "x", "objects": {}})", "f.json:/objects: found an object; an array of objects is expected"},
      {R"({})", "f.json:/: the key 'text' is missing"},
      {R"([])", "f.json:/: found an array; an object is expected"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(sample_error(text), message) << text;
}

TEST(JsonReader, UnknownKeysComeFirstAndOfferTheNearest) {
  EXPECT_EQ(sample_error(R"({"texd": "x"})"), "f.json:/texd: unknown key 'texd'; did you mean 'text'?");
  EXPECT_EQ(sample_error(R"({"text": "x", "objects": [{"name": "x", "b/c": 1}]})"),
            "f.json:/objects/0/b~1c: unknown key 'b/c'");
  EXPECT_EQ(error_of(R"({"x": 1})",
                     [](JsonReader& json) {
                       json.ignore("first");
                       json.ignore("second");
                     }),
            "f.json:/x: unknown key 'x'; 'first' or 'second' is allowed here");
}

TEST(JsonReader, SyntaxErrorsNameLineAndColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "f.json:1:1: the file is empty; an object is expected"},
      {"{\n  \"a\": 1,\n}", "f.json:3:1: not JSON: the comma before this '}' is one too many"},
      {"{\n  \"a\": 1\n  \"b\": 2 }", "f.json:3:3: not JSON: unexpected string; expected ',' or '}'"},
      {"{ \"a\": }", "f.json:1:8: not JSON: unexpected '}'; expected a value"},
      {"{ \"a\": yes }", "f.json:1:8: not JSON: invalid literal"},
      {"{ a: 1 }", "f.json:1:3: not JSON: invalid literal; expected a key in double quotes"},
      {"{ \"a\": [1, 2", "f.json:1:13: not JSON: unexpected end of the file; expected ',' or ']'"},
      {"{} {}", "f.json:1:4: not JSON: unexpected '{'; expected end of the file"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(syntax_error_of(text), message) << text;
}

TEST(JsonReader, DuplicateKeysAreRefusedWithBothLines) {
  EXPECT_EQ(syntax_error_of("{ \"m\": [ {},\n { \"cpu\": 1,\n \"x\": { \"cpu\": 1 },\n \"cpu\": 2 } ] }"),
            "f.json:/m/1/cpu: the key 'cpu' stands twice in this object: in line 2 and in line 4");
}

TEST(JsonReader, NestingHasALimit) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[');
  const std::string error = syntax_error_of(deep);
  EXPECT_TRUE(error.starts_with("f.json:/a/0/0/0")) << error;
  EXPECT_TRUE(error.ends_with(": nested deeper than 64")) << error;
}

TEST(JsonReader, InheritedValuesKeepTheirFile) {
  auto own = JsonDocument::parse("own.json", R"({"machine": {"gic": 3, "list": [1]}, "text": "own"})");
  const auto base = JsonDocument::parse("base.json", R"({"machine": {"gic": 2, "level": 7, "list": [1, 2]}, "n": 1})");
  ASSERT_TRUE(own && base);
  own->inherit(*base);
  unsigned gic = 0, level = 0;
  const auto result = own->read([&](JsonReader& json) {
    json.ignore("text");
    json.ignore("n");
    json.object("machine", [&](JsonReader& machine) {
      machine.count("gic", gic, 2, 3);
      std::vector<std::string> list;
      machine.scalars("list", list);
      EXPECT_EQ(list.size(), 1u) << "arrays replace";
      EXPECT_EQ(machine.place("gic"), "own.json:/machine/gic");
      EXPECT_EQ(machine.place(), "own.json:/machine");
      machine.count("level", level, 1, 3);
    });
  });
  EXPECT_EQ(gic, 3u);
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()),
            "base.json:/machine/level: found a number, 7; a whole number from 1 to 3 is expected");
}

TEST(JsonReader, RefusalsOfTheCallerHaveAPlace) {
  EXPECT_EQ(error_of(R"({"set": {"a/b": "x"}})",
                     [](JsonReader& json) {
                       json.ignore("set");
                       json.refuse("set/" + escape_pointer("a/b"), "no such parameter");
                       json.check(fail("elsewhere", "a later one"));
                     }),
            "f.json:/set/a~1b: no such parameter");
}

TEST(JsonReader, HostileTextIsShownSafely) {
  EXPECT_EQ(sample_error("{\"text\": \"x\", \"\\u001b[2J\": 1}").find('\x1b'), std::string::npos);
  EXPECT_EQ(syntax_error_of("{\"\xff\": 1}"),
            "f.json:1:2: not JSON: invalid string: ill-formed UTF-8 byte; expected a key in double "
            "quotes");
  const std::string error = sample_error("{\"text\": \"x\", \"\\u001b[2J\": 1}");
  EXPECT_NE(error.find("\\x1b[2J"), std::string::npos) << error;
}

}  // namespace
}  // namespace bootrig
