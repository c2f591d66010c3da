// The stages of device trees with QEMU and dtc.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "image/device_tree.h"
#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A device tree alone is refused as an image: a few bytes are what boots.
std::string tree_recipe(const std::string& stages) {
  return fmt::format(R"({{ "summary": "s", "stages": [ {},
      {{ "tool": "code", "command": ["cp", "${{file:code.txt}}", "code.bin"], "outputs": ["code.bin"] }} ],
      "boot": {{ "stage": "code", "format": "raw", "load": "0x40080000" }} }})",
                     stages);
}

// The folder of the recipe's outputs.
fs::path build(StageProject& project, const std::string& text, const ImageRequest& request = {.name = "sample"}) {
  if (!fs::exists(project.folder.path() / "images/sample/code.txt")) project.put("code.txt", "code");
  return project.build_folder(text, request).parent_path();
}

Result<DeviceTree> tree_of(const fs::path& file) {
  BOOTRIG_TRY(const std::string bytes, read_file(file));
  return parse_device_tree(file.string(), {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

const std::string kDump = R"({ "device-tree-dump": "machine" })";

TEST(DeviceTreeStages, TheDumpIsOfTheRequestsMachine) {
  StageProject project;
  ImageRequest request{.name = "sample"};
  const fs::path plain = build(project, tree_recipe(kDump), request);
  request.machine.gic = 3;
  request.machine.cpus = 3;
  request.machine.level = 2;
  request.machine.memory = std::uint64_t{512} << 20;
  const fs::path other = build(project, tree_recipe(kDump), request);
  ASSERT_NE(plain, other) << "another machine, another build";

  const auto first = tree_of(plain / "machine.dtb");
  ASSERT_TRUE(first) << to_text(first.error());
  EXPECT_EQ(first->gic_version, 2u);
  EXPECT_EQ(first->cpus, 1u);
  EXPECT_EQ(first->psci_method, "hvc");
  const auto second = tree_of(other / "machine.dtb");
  ASSERT_TRUE(second) << to_text(second.error());
  EXPECT_EQ(second->gic_version, 3u);
  EXPECT_EQ(second->cpus, 3u);
  EXPECT_EQ(second->psci_method, "smc");
  EXPECT_EQ(second->memory, (std::vector<DeviceTree::Range>{{0x40000000, 0x20000000}}));
}

TEST(DeviceTreeStages, ABoardHasNoTreeOfQemus) {
  StageProject project;
  ImageRequest request{.name = "sample"};
  request.machine.kind = MachineKind::kBoard;
  const ImageResult result = project.build(tree_recipe(kDump), request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ImageFailure::Kind::kSkipped);
  EXPECT_TRUE(to_text(result.error().error)
                  .ends_with("stage 'machine' asks QEMU for its device tree, and the target is a board"));
}

TEST(DeviceTreeStages, TheDumpIsTheSameEachTime) {
  StageProject first, second;
  const fs::path a = build(first, tree_recipe(kDump)), b = build(second, tree_recipe(kDump));
  ASSERT_TRUE(sha256_file(a / "machine.dtb"));
  EXPECT_EQ(sha256_file(a / "machine.dtb").value(), sha256_file(b / "machine.dtb").value_or("none"));
}

TEST(DeviceTreeStages, ThereAndBackAgain) {
  StageProject project;
  const std::string text = tree_recipe(kDump + R"(,
      { "device-tree-decompile": "source", "input": "machine" },
      { "device-tree-compile": "tree", "input": "source", "flags": ["-q"] })");
  const fs::path folder = build(project, text);
  EXPECT_TRUE(read_file(folder / "source.dts").value_or("none").starts_with("/dts-v1/;"));
  const auto before = tree_of(folder / "machine.dtb"), after = tree_of(folder / "tree.dtb");
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->memory, before->memory);
  EXPECT_EQ(after->devices.size(), before->devices.size());
  build(project, text);
  EXPECT_EQ(project.done, Words{});
}

TEST(DeviceTreeStages, AnIncludedSourceThatChangesIsSeen) {
  StageProject project;
  project.put("board.dts", "/dts-v1/;\n/include/ \"common.dtsi\"\n");
  project.put("common.dtsi", "/ { model = \"one\"; };\n");
  const std::string text = tree_recipe(R"({ "device-tree-compile": "tree", "input": "board.dts", "flags": ["-q"] })");
  build(project, text);
  project.edit("common.dtsi", "/ { model = \"two\"; };\n");
  const fs::path folder = build(project, text);
  EXPECT_EQ(project.done, Words{"device-tree-compile sample/tree.dtb"});
  EXPECT_NE(read_file(folder / "tree.dtb").value_or("").find("two"), std::string::npos);
}

TEST(DeviceTreeStages, OverlaysAreAppliedInOrder) {
  StageProject project;
  project.put("board.dts", "/dts-v1/;\n/ { model = \"none\"; board: board { }; };\n");
  const auto overlay = [](const char* text) {
    return fmt::format("/dts-v1/;\n/plugin/;\n&board {{ kind = \"{}\"; }};\n", text);
  };
  project.put("first.dtso", overlay("first"));
  project.put("second.dtso", overlay("second"));
  const std::string text = tree_recipe(R"({ "device-tree-compile": "board", "input": "board.dts", "flags": ["-@"] },
      { "device-tree-compile": "first", "input": "first.dtso" },
      { "device-tree-compile": "second", "input": "second.dtso" },
      { "device-tree-overlay": "tree", "input": "board", "overlays": ["first", "second"] },
      { "device-tree-decompile": "source", "input": "tree" })");
  const fs::path folder = build(project, text);
  EXPECT_NE(read_file(folder / "source.dts").value_or("").find("kind = \"second\";"), std::string::npos);
  project.edit("second.dtso", overlay("third"));
  build(project, text);
  EXPECT_NE(read_file(folder / "source.dts").value_or("").find("kind = \"third\";"), std::string::npos);
  project.put("no.dtbo", "no device tree");
  const std::string wrong = project.failure(tree_recipe(R"({ "device-tree-compile": "board", "input": "board.dts" },
      { "device-tree-overlay": "tree", "input": "board", "overlays": ["no.dtbo"] })"));
  EXPECT_TRUE(wrong.starts_with("build failed: ") && wrong.find("no.dtbo") != std::string::npos) << wrong;
}

TEST(DeviceTreeStages, ABlobThatLiesAboutItsSizeIsRefused) {
  StageProject project;
  project.put("code.txt", "code");
  // The header's magic and a total size of 4 GiB (Devicetree Specification, 5.2).
  project.put("board.dtb", std::string("\xd0\x0d\xfe\xed\xff\xff\xff\xff", 8) + std::string(56, '\0'));
  const std::string wrong =
      project.failure(tree_recipe(R"({ "device-tree-decompile": "tree", "input": "board.dtb" })"));
  EXPECT_TRUE(wrong.starts_with("build failed: FATAL ERROR: ")) << wrong;
}

TEST(DeviceTreeStages, GiveDtcsFirstError) {
  StageProject project;
  project.put("code.txt", "code");
  project.put("board.dts", "/dts-v1/;\n/ { model = ; };\n");
  EXPECT_EQ(project.failure(tree_recipe(R"({ "device-tree-compile": "tree", "input": "board.dts" })")),
            "build failed: Error: images/sample/board.dts:2.13-14 syntax error");
}

}  // namespace
}  // namespace bootrig
