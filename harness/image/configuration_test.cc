#include "image/configuration.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

constexpr std::string_view kCache =
    "# comment:STRING=no\n//help:BOOL=no\n\nKernelPrinting:INTERNAL=OFF\nKernelPrinting_DISABLED:INTERNAL=TRUE\n"
    "\"a:b\":STRING=x=y\nKernelMaxNumNodes:STRING=2\nKernelDebugBuild:BOOL=1\nEmpty:STRING=\nbroken\n";

Configuration cache() {
  const auto entries = parse_configuration("CMakeCache.txt", kCache);
  return entries ? *entries : Configuration{};
}

TEST(Configuration, ReadsACache) {
  EXPECT_EQ(cache(), (Configuration{{"KernelPrinting", "OFF"},
                                    {"KernelPrinting_DISABLED", "TRUE"},
                                    {"a:b", "x=y"},
                                    {"KernelMaxNumNodes", "2"},
                                    {"KernelDebugBuild", "1"},
                                    {"Empty", ""}}));
}

TEST(Configuration, ReadsJson) {
  const auto entries =
      parse_configuration("gen/config.json", R"({"A": true, "B": false, "C": "cortex-a53", "D": 4, "E": {"F": true}})");
  EXPECT_EQ(entries.value(), (Configuration{{"A", "ON"}, {"B", "OFF"}, {"C", "cortex-a53"}, {"D", "4"}}));
  const auto broken = parse_configuration("config.json", "{\"A\": tru");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().place, "config.json:1:9");
}

TEST(Configuration, ReadsAHeader) {
  const auto entries = parse_configuration("config.h",
                                           "#pragma once\n#define CONFIG_A  1\n#define CONFIG_B\n"
                                           "/* disabled: CONFIG_C */\n/* #undef CONFIG_D */\n#undef CONFIG_E\n"
                                           "// #define CONFIG_F 1\n  #define\tCONFIG_G a b \n#define\n");
  EXPECT_EQ(entries.value(), (Configuration{{"CONFIG_A", "1"},
                                            {"CONFIG_B", "ON"},
                                            {"CONFIG_C", "OFF"},
                                            {"CONFIG_D", "OFF"},
                                            {"CONFIG_E", "OFF"},
                                            {"CONFIG_G", "a b"}}));
}

TEST(Configuration, HostileBytesAreNoEntries) {
  for (const std::string_view text : {std::string_view("\0\xff\"", 3), std::string_view("\"\"\"\n:=\n=:"),
                                      std::string_view("#define"), std::string_view("/*"), std::string_view("")}) {
    EXPECT_TRUE(parse_configuration("CMakeCache.txt", text));
    EXPECT_TRUE(parse_configuration("config.h", text));
  }
}

std::string said(const std::string& entry, const std::string& value, const std::string& unless = "",
                 const std::string& because = "") {
  return contradiction({"", entry, value, unless, because}, "CMakeCache.txt", cache());
}

TEST(Configuration, AgreesWithWhatIsThere) {
  EXPECT_EQ(said("KernelPrinting", "OFF"), "");
  EXPECT_EQ(said("KernelPrinting", "no"), "");
  EXPECT_EQ(said("KernelDebugBuild", "ON", "KernelPrinting"), "") << "what 'unless' names is not true";
  EXPECT_EQ(said("KernelDebugBuild", "ON", "NotThere"), "");
  EXPECT_EQ(said("KernelMaxNumNodes", "2"), "");
  EXPECT_EQ(said("Empty", "OFF"), "");
  EXPECT_EQ(said("Empty", ""), "");
}

TEST(Configuration, SaysWhatContradicts) {
  EXPECT_EQ(said("KernelPrinting", "ON", "", "a verification build drops it"),
            "'KernelPrinting' in CMakeCache.txt must be 'ON', found 'OFF': a verification build drops it");
  EXPECT_EQ(
      said("KernelPrinting", "ON", "KernelPrinting_DISABLED", "why"),
      "'KernelPrinting' in CMakeCache.txt must be 'ON', found 'OFF' and 'KernelPrinting_DISABLED' is 'TRUE': why");
  EXPECT_EQ(said("KernelDebugBuild", "ON", "KernelPrinting_DISABLED"),
            "'KernelDebugBuild' in CMakeCache.txt must be 'ON', found '1' and 'KernelPrinting_DISABLED' is 'TRUE'");
  EXPECT_EQ(said("KernelMaxNumNodes", "1"), "'KernelMaxNumNodes' in CMakeCache.txt must be '1', found '2'");
  EXPECT_EQ(said("KernelMaxNumNodes", "ON"), "'KernelMaxNumNodes' in CMakeCache.txt must be 'ON', found '2'");
  EXPECT_EQ(said("KernelPrinting_DISABLE", "OFF"),
            "CMakeCache.txt has no entry 'KernelPrinting_DISABLE', which must be 'OFF'; did you mean "
            "'KernelPrinting_DISABLED'?");
}

}  // namespace
}  // namespace bootrig
