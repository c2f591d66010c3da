// objcopy and strip with the real tools.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

struct Binaries : StageProject {
  Binaries() {
    put("start.S", "    .global _start\n_start:\n    .ascii \"CODE\"\n    .data\nvalue:\n    .ascii \"DATA\"\n");
    put("kernel.ld",
        "ENTRY(_start)\nSECTIONS { . = 0x40080000; .text : { *(.text) } . = 0x40080010; .data : { *(.data) } }\n");
  }
  static std::string recipe(const std::string& stages, const std::string& boot) {
    return fmt::format(R"({{ "summary": "s", "stages": [
        {{ "compile": "objects", "sources": ["start.S"] }},
        {{ "link": "kernel", "inputs": ["objects"], "script": "kernel.ld", "flags": ["-nostdlib", "-static", "-no-pie"] }},
        {} ], "boot": {} }})",
                       stages, boot);
  }
};

TEST(BinaryStages, ObjcopyMakesTheBytesThatLoad) {
  Binaries project;
  const std::string recipe =
      Binaries::recipe(R"({ "objcopy": "flat", "input": "kernel", "format": "binary", "flags": ["--gap-fill=0x2e"] })",
                       R"({ "stage": "flat", "format": "raw", "load": "0x40080000" })");
  const fs::path out = project.build_folder(recipe);
  EXPECT_EQ(read_file(out / "flat.bin").value(), "CODE............DATA");
  project.build_folder(recipe);
  EXPECT_EQ(project.done, std::vector<std::string>{});
}

TEST(BinaryStages, ObjcopyMakesAnElf) {
  Binaries project;
  const fs::path out = project.build_folder(Binaries::recipe(
      R"({ "objcopy": "code", "input": "kernel", "format": "elf", "flags": ["--remove-section=.data"] })",
      R"({ "stage": "code" })"));
  const std::string bytes = read_file(out / "code.elf").value();
  EXPECT_TRUE(
      bytes.starts_with("\x7f"
                        "ELF"));
  EXPECT_NE(bytes.find("CODE"), std::string::npos);
  EXPECT_EQ(bytes.find("DATA"), std::string::npos);
}

TEST(BinaryStages, StripTakesTheSymbolsAway) {
  Binaries project;
  const fs::path out =
      project.build_folder(Binaries::recipe(R"({ "strip": "small", "input": "kernel" })", R"({ "stage": "small" })"));
  EXPECT_NE(read_file(out / "kernel.elf").value().find("value"), std::string::npos);
  EXPECT_EQ(read_file(out / "small.elf").value().find("value"), std::string::npos);
  EXPECT_LT(fs::file_size(out / "small.elf"), fs::file_size(out / "kernel.elf"));
}

TEST(BinaryStages, AStrippedKernelBootsRaw) {
  Binaries project;
  const ImageResult image = project.build(Binaries::recipe(
      R"({ "strip": "small", "input": "kernel" })", R"({ "stage": "small", "format": "raw", "load": "0x40080000" })"));
  ASSERT_TRUE(image) << to_text(image.error().error);
  EXPECT_TRUE(read_file(image->file).value().starts_with("CODE"));
}

TEST(BinaryStages, GiveTheToolsFirstError) {
  Binaries project;
  project.put("junk.elf", "junk");
  EXPECT_EQ(
      project.failure(Binaries::recipe(R"({ "strip": "small", "input": "junk.elf" })", R"({ "stage": "small" })")),
      "build failed: aarch64-linux-gnu-strip: images/sample/junk.elf: file format not recognized");
}

TEST(BinaryStages, NameTheFileThatIsNotThere) {
  Binaries project;
  const std::string recipe =
      Binaries::recipe(R"({ "objcopy": "flat", "input": "none.elf", "format": "elf" })", R"({ "stage": "flat" })");
  EXPECT_NE(project.failure(recipe).find("file 'none.elf' is not there: no file images/sample/none.elf"),
            std::string::npos);
}

}  // namespace
}  // namespace bootrig
