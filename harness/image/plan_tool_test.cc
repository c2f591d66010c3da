// The stage "tool" with programs that every machine has.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A recipe that boots what the tool leaves.
std::string tool_recipe(const std::string& tool, const std::string& boot = "made") {
  return fmt::format(R"({{ "summary": "s", "parameters": {{ "word": {{ "summary": "w", "default": "plain" }} }},
      "stages": [ {} ], "boot": {{ "stage": "{}", "format": "raw", "load": "0x40080000" }} }})",
                     tool, boot);
}

TEST(ToolStage, RunsWithItsFilesParametersAndEnvironment) {
  StageProject project;
  project.put("make.sh", "cat \"$1\" > out.bin; printf ' %s %s' \"$2\" \"$WORD\" >> out.bin");
  const std::string text = tool_recipe(R"(
      { "prebuilt": "data", "file": "data.txt" },
      { "tool": "made", "command": ["sh", "${file:make.sh}", "${stage:data}", "a ${word} b"],
        "environment": { "WORD": "from $${word}" }, "outputs": ["out.bin"] })");
  project.put("data.txt", "DATA");
  const fs::path folder = project.build_folder(text);
  EXPECT_EQ(read_file(folder / "out.bin").value_or("none"), "DATA a plain b from $plain");
  EXPECT_EQ(project.done, Words{"tool sample/made"});
  project.build_folder(text);
  EXPECT_EQ(project.done, Words{}) << "nothing changed";
  project.edit("data.txt", "MORE");
  project.build_folder(text);
  EXPECT_EQ(project.done, Words{"tool sample/made"});
  EXPECT_EQ(read_file(folder / "out.bin").value_or("none"), "MORE a plain b from $plain");
}

TEST(ToolStage, RunsAgainWhenAListedInputChanges) {
  StageProject project;
  project.put("list.txt", "1");
  const std::string text = tool_recipe(R"({ "tool": "made", "command": ["cp", "/etc/passwd", "out.bin"],
                                       "inputs": ["list.txt"], "outputs": ["out.bin"] })");
  project.build_folder(text);
  project.edit("list.txt", "2");
  project.build_folder(text);
  EXPECT_EQ(project.done, Words{"tool sample/made"});
}

TEST(ToolStage, TheFirstOutputIsWhatOthersTake) {
  StageProject project;
  const fs::path folder = project.build_folder(tool_recipe(R"(
      { "tool": "first", "command": ["sh", "-c", "printf 1 > sub/a; printf 2 > b"], "outputs": ["sub/a", "b"] },
      { "tool": "made", "command": ["cp", "${stage:first}", "out.bin"], "outputs": ["out.bin"] })"));
  EXPECT_EQ(read_file(folder / "out.bin").value_or("none"), "1");
  EXPECT_EQ(read_file(folder.parent_path() / "first/b").value_or("none"), "2");
}

TEST(ToolStage, ParametersMakeAnotherImage) {
  StageProject project;
  const std::string text =
      tool_recipe(R"({ "tool": "made", "command": ["sh", "-c", "printf ${word} > out.bin"], "outputs": ["out.bin"] })");
  const fs::path plain = project.build_folder(text);
  project.user = {{"word", "other"}};
  const fs::path other = project.build_folder(text);
  EXPECT_NE(plain, other);
  EXPECT_EQ(read_file(other / "out.bin").value_or("none"), "other");
}

TEST(ToolStage, SaysWhatWentWrong) {
  StageProject project;
  EXPECT_EQ(project.failure(tool_recipe(R"({ "tool": "made", "command": ["true"], "outputs": ["out.bin"] })")),
            "build failed: error: true: it ended well, but left no 'out.bin' in its folder");
  EXPECT_EQ(project.failure(tool_recipe(R"({ "tool": "made", "outputs": ["out.bin"],
                                       "command": ["sh", "-c", "echo begin; echo no module pyfdt; exit 3"] })")),
            "build failed: error: sh: exit status 3: no module pyfdt");
  EXPECT_EQ(project.failure(tool_recipe(R"({ "tool": "made", "command": ["bootrig-none"], "outputs": ["out.bin"] })")),
            "build failed: bootrig-none is not installed");
  EXPECT_NE(project.failure(tool_recipe(R"({ "tool": "made", "command": ["a/b"], "outputs": ["out.bin"] })"))
                .find("the program 'a/b' is relative, and the tool runs elsewhere; write '${file:a/b}'"),
            std::string::npos);
  EXPECT_NE(project.failure(tool_recipe(R"({ "tool": "made", "command": ["cat", "${file:none}"], "outputs": ["o"] })"))
                .find("file 'none' is not there"),
            std::string::npos);
}

// /dev/full fails each write as a full disk does.
TEST(ToolStage, AFullDiskIsTheHostsTrouble) {
  StageProject project;
  const auto failed = project.build(tool_recipe(R"(
      { "tool": "made", "command": ["sh", "-c", "echo x > out.bin; cat out.bin > /dev/full"], "outputs": ["out.bin"] })"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ImageFailure::Kind::kHost);
  EXPECT_TRUE(failed.error().error.message.starts_with("a disk is full, so the image could not be built: "))
      << failed.error().error.message;
}

TEST(ToolStage, AnOldOutputDoesNotPassForANewOne) {
  StageProject project;
  project.put("make.sh", "printf 1 > out.bin");
  const std::string text =
      tool_recipe(R"({ "tool": "made", "command": ["sh", "${file:make.sh}"], "outputs": ["out.bin"] })");
  project.build_folder(text);
  project.edit("make.sh", "true");
  EXPECT_EQ(project.failure(text), "build failed: error: sh: it ended well, but left no 'out.bin' in its folder");
}

}  // namespace
}  // namespace bootrig
