#include "image/manifest.h"

#include <gtest/gtest.h>

#include "image/memory_layout.h"
#include "testing/json_schema.h"
#include "testing/paths.h"
#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// A program with a header, an archive inside, and a second ELF whose symbols count.
struct Program {
  Program() {
    project.put("main.c", "#include \"word.h\"\nextern char archive[]; int start(void) { return archive[WORD]; }\n");
    project.put("word.h", "#define WORD 1\n");
    project.put("file.txt", "inside");
    project.put("main.ld", "ENTRY(start)\nSECTIONS { . = 0x40080000; .text : { *(.text*) *(.rodata*) } }\n");
  }
  const std::string recipe = R"({ "summary": "s",
      "parameters": { "level": { "summary": "l", "default": "1" } },
      "stages": [
        { "cpio": "files", "files": { "file.txt": "file.txt" } },
        { "embed": "files-object", "input": "files", "symbol": "archive" },
        { "compile": "objects", "sources": ["main.c"], "flags": ["-O${level}", "-fno-pie", "-ffreestanding"] },
        { "link": "kernel", "inputs": ["objects", "files-object"], "script": "main.ld",
          "flags": ["-nostdlib", "-static", "-no-pie"] } ],
      "boot": { "stage": "kernel", "symbols": ["kernel"] } })";
  StageProject project;
};

std::string manifest_of(const ImageResult& image) {
  return image ? read_file(image->manifest).value_or("no manifest") : to_text(image.error().error);
}

TEST(Manifest, NamesAllThatTheImageWasMadeOf) {
  Program program;
  const ImageResult image = program.project.build(program.recipe);
  const std::string text = manifest_of(image);
  EXPECT_EQ(against_schema(source_path("images/manifest.schema.json"), text), "") << text;
  const auto files = read_manifest_files(image->manifest);
  ASSERT_TRUE(files) << to_text(files.error());
  std::map<std::string, std::string> inputs;
  for (const ManifestFile& file : files->inputs) inputs[file.file] = file.sha256;
  for (const std::string name : {"main.c", "word.h", "file.txt", "main.ld"}) {
    const std::string path = "images/sample/" + name;
    EXPECT_EQ(inputs[path], sha256_file(program.project.folder.path() / path).value()) << path;
  }
  EXPECT_EQ(inputs.size(), 4u) << text;
  for (const ManifestFile& file : files->outputs) {
    EXPECT_EQ(file.sha256, sha256_file(program.project.out() / file.file).value_or("none")) << file.file;
  }
  EXPECT_NE(text.find("\"aarch64-linux-gnu-gcc\""), std::string::npos);
  EXPECT_EQ(text.find(program.project.folder.path().string()), std::string::npos) << "the same in every folder";
}

TEST(Manifest, FollowsAHeaderThatChanges) {
  Program program;
  program.project.build(program.recipe);
  program.project.edit("word.h", "#define WORD 1  // the same code\n");
  const ImageResult image = program.project.build(program.recipe);
  EXPECT_NE(manifest_of(image).find(sha256_file(program.project.folder.path() / "images/sample/word.h").value()),
            std::string::npos);
}

TEST(Manifest, ShowsWhoSitsWhere) {
  Program program;
  const std::string shown = manifest_text(manifest_of(program.project.build(program.recipe)));
  for (const char* part : {"kernel.elf segment 0 r", "archive in kernel.elf", "entry 0x40080000", "compile",
                           "images/sample/word.h", "gcc"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  }
}

TEST(Manifest, DamagedOnesAreErrors) {
  EXPECT_TRUE(manifest_text("{").starts_with("manifest.json:1:2: ")) << manifest_text("{");
  EXPECT_TRUE(manifest_text("{}").starts_with("manifest.json:/: the key ")) << manifest_text("{}");
  EXPECT_FALSE(read_manifest_files("/nowhere/manifest.json"));
}

TEST(MemoryPicture, ShowsGapsContentsAndOverlaps) {
  const std::vector<std::string> lines = memory_picture(
      {{0x1000, 0x1000, "a"}, {0x1800, 0x100, "inside a"}, {0x1f00, 0x200, "over a's end"}, {0x4000, 1, "b"}});
  const std::vector<std::string> expected{
      "0x000000001000..0x000000001fff |=|       4K  a",
      "0x000000001800..0x0000000018ff   |:|      256  inside a",
      "0x000000001f00..0x0000000020ff   |:|      512  over a's end  OVERLAPS what is above",
      "                            .. 7936 free",
      "0x000000004000..0x000000004000 |=|        1  b",
  };
  EXPECT_EQ(lines, expected);
  EXPECT_TRUE(memory_picture({}).empty());
}

}  // namespace
}  // namespace bootrig
