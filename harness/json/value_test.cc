#include "json/value.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse_json("a.json", text);
  return parsed ? "no error" : to_text(parsed.error());
}

std::string rewritten(std::string_view text) {
  return write_json(parse_json("a.json", text).value());
}

TEST(WriteJson, KeepsTheOrderOfInsertion) {
  const JsonValue value(JsonValue::Object{{"z", 1}, {"a", JsonValue::Array{true, nullptr, "x"}}});
  EXPECT_EQ(write_json(value), R"({"z":1,"a":[true,null,"x"]})");
  EXPECT_EQ(write_json(value, true), "{\n  \"z\": 1,\n  \"a\": [\n    true,\n    null,\n    \"x\"\n  ]\n}");
  EXPECT_EQ(write_json(JsonValue(JsonValue::Array{}), true), "[]");
}

TEST(WriteJson, MakesHostileBytesSafe) {
  EXPECT_EQ(write_json(std::string("a\0\x1b\"\\\r\n\t\x7f", 9)), R"("a\u0000\u001b\"\\\r\n\t\u007f")");
  EXPECT_EQ(write_json("\xff!"), "\"\xef\xbf\xbd!\"");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = write_json(std::string(3, static_cast<char>(byte)));
    EXPECT_TRUE(parse_json("a.json", text)) << byte;
  }
}

TEST(WriteJson, Numbers) {
  EXPECT_EQ(write_json(INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(write_json(UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(write_json(1.0), "1.0");
  EXPECT_EQ(write_json(0.1), "0.1");
  EXPECT_EQ(write_json(1e300), "1e+300");
  EXPECT_EQ(write_json(1.0 / 0.0), "null");
}

TEST(ParseJson, ReadsWhatWasWritten) {
  for (const std::string text : {R"({"z":1,"a":[true,false,null,"x\n",-5,18446744073709551615,1.5,{},[]]})", "\"\"",
                                 "null", R"({"event":"SHUTDOWN","data":{"guest":true}})"}) {
    EXPECT_EQ(rewritten(text), text);
  }
}

TEST(ParseJson, WholeNumbersAreSignedWhenTheyFit) {
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(parse_json("", "7")->value));
  EXPECT_TRUE(std::holds_alternative<std::uint64_t>(parse_json("", "9223372036854775808")->value));
  EXPECT_TRUE(std::holds_alternative<double>(parse_json("", "7.0")->value));
}

TEST(ParseJson, AllowsComments) {
  EXPECT_EQ(rewritten("// why\n{ \"a\": /* here */ 1 }\n// end"), "{\"a\":1}");
}

TEST(ParseJson, ErrorsHaveAPlace) {
  EXPECT_EQ(error_of("{\n  \"a\": nope\n}"), "a.json:2:9: syntax error: invalid literal; last read: '\"a\": no'");
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n}"), "a.json:3:1: syntax error: unexpected '}'; expected string literal");
  EXPECT_EQ(error_of(""), "a.json:1:1: syntax error: unexpected end of input; expected '[', '{', or a literal");
  EXPECT_EQ(error_of("[1, 2"), "a.json:1:5: syntax error: unexpected end of input; expected ']'");
  EXPECT_EQ(error_of("1 2"), "a.json:1:3: syntax error: unexpected number literal; expected end of input");
  EXPECT_EQ(error_of("\"\xff\""), "a.json:1:2: the text is not UTF-8");
  EXPECT_EQ(error_of("[1e999]"), "a.json:1:7: the number 1e999 is too large");
  EXPECT_EQ(error_of("{\"a\": 1, \"a\": 2}"), "a.json:1:12: the key 'a' appears twice");
  EXPECT_EQ(error_of(std::string(100000, '[')), "a.json:1:201: nested deeper than 200 levels");
}

TEST(ParseJson, DepthJustAllowed) {
  EXPECT_TRUE(parse_json("", std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(parse_json("", std::string(201, '[') + std::string(201, ']')));
}

}  // namespace
}  // namespace bootrig
