// What users get wrong about the files and tools of a recipe: one message each, that names the file or the package.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "testing/small_elf.h"
#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

std::string recipe(const std::string& stages, const std::string& boot) {
  return fmt::format(R"({{ "summary": "s", "stages": [ {} ], "boot": {{ {} }} }})", stages, boot);
}

const std::string kRaw = R"("stage": "tree", "format": "raw", "load": "0x40080000")";

struct BadInput : testing::Test {
  std::string place(int stage) const {
    return fmt::format("bad spec: {}/images/sample/recipe.json:/stages/{}: ", project.folder.path().string(), stage);
  }
  // With the programs of one folder alone.
  std::string failure_without_tools(const std::string& text) {
    const std::string path = ::getenv("PATH");
    ::setenv("PATH", "/nowhere", 1);
    const std::string failure = project.failure(text);
    ::setenv("PATH", path.c_str(), 1);
    return failure;
  }
  StageProject project;
};

TEST_F(BadInput, AMissingToolNamesItsPackage) {
  project.put("a.c", "");
  project.put("a.ld", "");
  project.put("a.dts", "/dts-v1/;\n/ { };\n");
  project.put("a.dtb", "");
  fs::create_directories(project.folder.path() / "images/sample/tree");
  const std::map<std::string, std::string> tools{
      {R"({ "compile": "tree", "sources": ["a.c"] }, { "link": "x", "inputs": ["tree"], "script": "a.ld" })",
       "aarch64-linux-gnu-gcc is not installed (Debian package gcc-aarch64-linux-gnu)"},
      {R"({ "device-tree-compile": "x", "input": "a.dts" })",
       "dtc is not installed (Debian package device-tree-compiler)"},
      {R"({ "device-tree-overlay": "x", "input": "a.dtb", "overlays": ["a.dtb"] })",
       "fdtoverlay is not installed (Debian package device-tree-compiler)"},
      {R"({ "make": "x", "folder": "tree", "outputs": ["a"] })", "make is not installed (Debian package make)"},
      {R"({ "strip": "x", "input": "a.dtb" })",
       "aarch64-linux-gnu-strip is not installed (Debian package binutils-aarch64-linux-gnu)"}};
  for (const auto& [stages, message] : tools) {
    const std::string boot = R"("stage": "x", "format": "raw", "load": "0x40080000")";
    EXPECT_EQ(failure_without_tools(recipe(stages, boot)), "build failed: " + message);
  }
}

TEST_F(BadInput, LinksThatLeadNowhereOrInACircle) {
  const fs::path folder = project.folder.path() / "images/sample";
  fs::create_directories(folder);
  fs::create_symlink("b.bin", folder / "a.bin");
  fs::create_symlink("a.bin", folder / "b.bin");
  fs::create_symlink("nowhere", folder / "c.bin");
  for (const char* file : {"a.bin", "c.bin", "none.bin"}) {
    EXPECT_EQ(project.failure(recipe(fmt::format(R"({{ "prebuilt": "tree", "file": "{}" }})", file), kRaw)),
              place(0) + fmt::format("file '{0}' is not there: no file images/sample/{0}", file));
  }
}

TEST_F(BadInput, AnElfWithLyingHeaders) {
  std::string elf = small_elf({.virtual_address = 0x40080000, .bytes = "code"}, 0x40080000);
  elf[32 + 1] = '\x7f';  // e_phoff (gABI, "ELF Header")
  project.put("a.elf", elf);
  const std::string failure =
      project.failure(recipe(R"({ "prebuilt": "tree", "file": "a.elf" })", R"("stage": "tree")"));
  EXPECT_EQ(failure, "build failed: " + (project.folder.path() / "images/sample/a.elf").string() +
                         ": is cut off: program header 0 lies outside the file");
}

}  // namespace
}  // namespace bootrig
