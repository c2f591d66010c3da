// What a recipe's boot adds to QEMU's command line.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/stage_project.h"

namespace bootrig {
namespace {

using Words = std::vector<std::string>;

// A recipe that boots raw bytes, with a disk that a tool makes.
std::string recipe_with(const std::string& arguments) {
  return fmt::format(R"({{ "summary": "s", "parameters": {{ "bus": {{ "summary": "b", "default": "pci" }} }},
      "stages": [ {{ "prebuilt": "firmware", "file": "firmware.bin" }},
                  {{ "tool": "disk", "command": ["sh", "-c", "printf DISK > disk.img"], "outputs": ["disk.img"] }} ],
      "boot": {{ "stage": "firmware", "format": "raw", "load": "0x0", "arguments": {} }} }})",
                     arguments);
}

struct DiskProject : StageProject {
  DiskProject() { put("firmware.bin", "CODE"); }
};

TEST(BootArguments, NameFilesAndParameters) {
  DiskProject project;
  project.put("notes.txt", "NOTES");
  const auto image = project.build(recipe_with(R"(["-drive", "id=d,file=${stage:disk/disk.img},if=none",
                                              "-device", "virtio-blk-${bus}", "${file:notes.txt}"])"));
  ASSERT_TRUE(image) << to_text(image.error().error);
  ASSERT_EQ(image->files.size(), 2u);
  EXPECT_EQ(read_file(image->files[0]).value_or("none"), "DISK");
  EXPECT_EQ(read_file(image->files[1]).value_or("none"), "NOTES");
  EXPECT_EQ(image->arguments, (Words{"-drive", "id=d,file=" + image->files[0].string() + ",if=none", "-device",
                                     "virtio-blk-pci", image->files[1].string()}));
  EXPECT_EQ(boot_image(*image).arguments, image->arguments);
  EXPECT_EQ(boot_image(*image).files, image->files);
}

TEST(BootArguments, AreKnownOfAnImageFromTheCache) {
  DiskProject project;
  project.keep_images = true;
  const std::string text = recipe_with(R"(["-device", "loader,file=${file:firmware.bin}"])");
  ASSERT_TRUE(project.build(text));
  const auto again = project.build(text);
  ASSERT_TRUE(again) << to_text(again.error().error);
  EXPECT_TRUE(again->arguments.at(1).ends_with("/images/sample/firmware.bin")) << again->arguments.at(1);
}

TEST(BootArguments, ThatCannotBe) {
  DiskProject project;
  project.put("a,b", "NOTES");
  const std::string comma = project.failure(recipe_with(R"(["${file:a,b}"])"));
  EXPECT_TRUE(comma.starts_with("bad spec: ")) << comma;
  EXPECT_TRUE(comma.ends_with("a,b' has a comma in its path, at which QEMU would end an option's value")) << comma;
  const std::string missing = project.failure(recipe_with(R"(["${file:nothing.img}"])"));
  EXPECT_NE(missing.find("nothing.img"), std::string::npos) << missing;
  EXPECT_TRUE(missing.starts_with("bad spec: ")) << missing;
}

}  // namespace
}  // namespace bootrig
