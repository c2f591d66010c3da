#include "spec/recipe.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using Words = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

constexpr std::string_view kEveryKey = R"({
  "summary": "s", "toolchain": "cc-",
  "parameters": {
    "ending": {"summary": "how it ends", "default": "off", "allowed": ["off", "run"]},
    "keep": {"summary": "k", "default": ""},
    "memory": {"summary": "RAM", "from-target": "memory"},
    "tree": {"summary": "a tree"}},
  "variants": {"hello": {"summary": "v", "set": {"ending": "run"}}},
  "stages": [
    {"compile": "objects", "sources": ["a.c", "b.S"], "include": ["lib"], "flags": ["-O2", "-DE=${ending}"]},
    {"link": "kernel", "inputs": ["objects"], "script": "k.ld", "flags": ["-nostdlib"]},
    {"cpio": "archive", "files": {"k.elf": "kernel", "motd": "motd.txt"}, "truncate": "${keep}"},
    {"embed": "object", "input": "archive", "symbol": "archive", "section": ".rodata.a", "align": 4096},
    {"embed": "plain", "input": "kernel", "symbol": "plain"},
    {"prebuilt": "firmware", "file": "${tree}/fw",
     "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"objcopy": "flat", "input": "kernel", "format": "binary", "flags": ["--gap-fill=1"]},
    {"strip": "small", "input": "${tree}/k.elf", "flags": ["--strip-debug"]}],
  "boot": {"stage": "kernel", "format": "raw", "load": "0x40400000", "symbols": ["kernel"]}})";

TEST(Recipe, ReadsWhatIsNoStage) {
  const auto recipe = parse_recipe("reference", "images/reference/recipe.json", kEveryKey);
  ASSERT_TRUE(recipe) << to_text(recipe.error());
  EXPECT_EQ(recipe->name, "reference");
  EXPECT_EQ(recipe->folder, "images/reference");
  EXPECT_EQ(recipe->summary, "s");
  EXPECT_EQ(recipe->toolchain, "cc-");
  ASSERT_EQ(recipe->parameters.size(), 4u);
  EXPECT_EQ(recipe->parameters[0].name, "ending");
  EXPECT_EQ(recipe->parameters[0].summary, "how it ends");
  EXPECT_EQ(recipe->parameters[0].default_value, "off");
  EXPECT_EQ(recipe->parameters[0].allowed, (Words{"off", "run"}));
  EXPECT_EQ(recipe->parameters[1].default_value, "");
  EXPECT_EQ(recipe->parameters[2].from_target, "memory");
  EXPECT_FALSE(recipe->parameters[3].default_value);
  EXPECT_FALSE(recipe->parameters[3].from_target);
  ASSERT_EQ(recipe->variants.size(), 1u);
  EXPECT_EQ(recipe->variants[0].name, "hello");
  EXPECT_EQ(recipe->variants[0].summary, "v");
  EXPECT_EQ(recipe->variants[0].set, (Values{{"ending", "run"}}));
  EXPECT_EQ(recipe->boot.stage, "kernel");
  EXPECT_EQ(recipe->boot.format, BootFormat::kRaw);
  EXPECT_EQ(recipe->boot.load_address, 0x40400000u);
  EXPECT_EQ(recipe->boot.symbols, Words{"kernel"});
}

TEST(Recipe, ReadsEveryStage) {
  const auto recipe = parse_recipe("reference", "images/reference/recipe.json", kEveryKey);
  ASSERT_TRUE(recipe) << to_text(recipe.error());
  ASSERT_EQ(recipe->stages.size(), 8u);
  const auto& compile = std::get<CompileStage>(recipe->stages[0].what);
  EXPECT_EQ(compile.name, "objects");
  EXPECT_EQ(compile.sources, (Words{"a.c", "b.S"}));
  EXPECT_EQ(compile.include, Words{"lib"});
  EXPECT_EQ(compile.flags, (Words{"-O2", "-DE=${ending}"}));
  const auto& link = std::get<LinkStage>(recipe->stages[1].what);
  EXPECT_EQ(link.inputs, Words{"objects"});
  EXPECT_EQ(link.script, "k.ld");
  EXPECT_EQ(link.flags, Words{"-nostdlib"});
  const auto& cpio = std::get<CpioStage>(recipe->stages[2].what);
  EXPECT_EQ(cpio.files, (Values{{"k.elf", "kernel"}, {"motd", "motd.txt"}}));
  EXPECT_EQ(cpio.truncate, "${keep}");
  const auto& embed = std::get<EmbedStage>(recipe->stages[3].what);
  EXPECT_EQ(embed.input, "archive");
  EXPECT_EQ(embed.symbol, "archive");
  EXPECT_EQ(embed.section, ".rodata.a");
  EXPECT_EQ(embed.alignment, 4096u);
  const auto& plain = std::get<EmbedStage>(recipe->stages[4].what);
  EXPECT_EQ(plain.section, ".rodata.embedded");
  EXPECT_EQ(plain.alignment, 16u);
  const auto& prebuilt = std::get<PrebuiltStage>(recipe->stages[5].what);
  EXPECT_EQ(prebuilt.file, "${tree}/fw");
  EXPECT_TRUE(prebuilt.sha256);
  EXPECT_EQ(stage_name(recipe->stages[5]), "firmware");
  EXPECT_EQ(recipe->stages[5].place, "images/reference/recipe.json:/stages/5");
  const auto& objcopy = std::get<ObjcopyStage>(recipe->stages[6].what);
  EXPECT_EQ(objcopy.input, "kernel");
  EXPECT_TRUE(objcopy.binary);
  EXPECT_EQ(objcopy.flags, Words{"--gap-fill=1"});
  const auto& strip = std::get<StripStage>(recipe->stages[7].what);
  EXPECT_EQ(strip.input, "${tree}/k.elf");
  EXPECT_EQ(strip.flags, Words{"--strip-debug"});
}

TEST(Recipe, HasDefaults) {
  const auto recipe = parse_recipe("least", "recipe.json", R"({"summary": "s",
      "stages": [{"prebuilt": "firmware", "file": "/srv/fw.elf"}], "boot": {"stage": "firmware"}})");
  ASSERT_TRUE(recipe) << to_text(recipe.error());
  EXPECT_EQ(recipe->toolchain, "aarch64-linux-gnu-");
  EXPECT_EQ(recipe->boot.format, BootFormat::kElf);
  EXPECT_FALSE(recipe->boot.load_address);
  EXPECT_FALSE(std::get<PrebuiltStage>(recipe->stages[0].what).sha256);
}

}  // namespace
}  // namespace bootrig
