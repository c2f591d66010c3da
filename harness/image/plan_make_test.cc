// The stages make, check and assemble, with the real tools.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

std::string make_recipe(const std::string& stages, const std::string& boot) {
  return fmt::format(R"({{ "summary": "s", "parameters": {{ "tree": {{ "summary": "t", "default": "tree" }} }},
      "stages": [ {} ], "boot": {{ "stage": "{}", "format": "raw", "load": "0x40080000" }} }})",
                     stages, boot);
}

// Whatever stands below the folder, with the times of files.
std::map<std::string, fs::file_time_type> state_of(const fs::path& folder) {
  std::map<std::string, fs::file_time_type> state;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const bool file = fs::is_regular_file(entry.symlink_status());
    state[entry.path().string()] = file ? entry.last_write_time() : fs::file_time_type::min();
  }
  return state;
}

const std::string kMakefile =
    "WORD = plain\n"
    "out/code.bin: code.txt\n"
    "\tmkdir -p out\n"
    "\tcat code.txt > $@\n"
    "\tprintf ' %s' '$(WORD)' >> $@\n"
    "second:\n"
    "\tprintf second > second.bin\n";
const std::string kMake = R"({ "make": "made", "folder": "${tree}", "targets": ["out/code.bin", "second"],
    "variables": { "WORD": "of ours" }, "outputs": ["out/code.bin", "second.bin"] })";

TEST(MakeStage, BuildsACopyAndLeavesTheTreeAsItIs) {
  StageProject project;
  project.put("tree/Makefile", kMakefile);
  project.put("tree/code.txt", "CODE");
  fs::create_symlink("loop", project.folder.path() / "images/sample/tree/loop");
  fs::create_symlink("..", project.folder.path() / "images/sample/tree/up");
  const auto before = state_of(project.folder.path() / "images/sample/tree");
  const fs::path folder = project.build_folder(make_recipe(kMake, "made")).parent_path();
  EXPECT_EQ(read_file(folder / "out/code.bin").value_or("none"), "CODE of ours");
  EXPECT_EQ(read_file(folder / "second.bin").value_or("none"), "second");
  EXPECT_EQ(state_of(project.folder.path() / "images/sample/tree"), before);
  EXPECT_EQ(project.done, Words{"make sample/made"});
  project.build_folder(make_recipe(kMake, "made"));
  EXPECT_EQ(project.done, Words{}) << "nothing changed";
}

TEST(MakeStage, RunsAgainWhenAFileOfTheTreeChangesOrIsAdded) {
  StageProject project;
  project.put("tree/Makefile", kMakefile);
  project.put("tree/code.txt", "CODE");
  const fs::path folder = project.build_folder(make_recipe(kMake, "made")).parent_path();
  project.edit("tree/code.txt", "MORE");
  project.build_folder(make_recipe(kMake, "made"));
  EXPECT_EQ(read_file(folder / "out/code.bin").value_or("none"), "MORE of ours");
  project.edit("tree/deep/new.txt", "");
  project.build_folder(make_recipe(kMake, "made"));
  EXPECT_EQ(project.done, Words{"make sample/made"});
}

TEST(MakeStage, BuildsElsewhereWhereTheTreeCan) {
  StageProject project;
  project.put("tree/makefile", "all:\n\tmkdir -p $(O)\n\tcp code.txt $(O)/code.bin\n");
  project.put("tree/code.txt", "CODE");
  const auto before = state_of(project.folder.path() / "images/sample/tree");
  const std::string text = make_recipe(
      R"({ "make": "made", "folder": "tree", "build-variable": "O", "outputs": ["code.bin"] })", "made/code.bin");
  EXPECT_EQ(read_file(project.build_folder(text) / "code.bin").value_or("none"), "CODE");
  EXPECT_EQ(state_of(project.folder.path() / "images/sample/tree"), before);
}

TEST(MakeStage, OthersTakeItsOutputsByName) {
  StageProject project;
  project.put("tree/Makefile", kMakefile);
  project.put("tree/code.txt", "CODE");
  const std::string tool = R"(,
      { "tool": "joined", "command": ["cp", "${stage:made/second.bin}", "joined.bin"], "inputs": ["made/out/code.bin"],
        "outputs": ["joined.bin"] })";
  EXPECT_EQ(read_file(project.build_folder(make_recipe(kMake + tool, "joined")) / "joined.bin").value_or(""), "second");
  EXPECT_EQ(project.failure(make_recipe(kMake + R"(,
      { "tool": "joined", "command": ["cp", "${stage:made/secnd.bin}", "j"], "outputs": ["j"] })",
                                        "joined")),
            "bad spec: " + (project.folder.path() / "images/sample/recipe.json").string() +
                ":/stages/1/command/1: there is no stage 'made/secnd.bin'; did you mean 'made/second.bin'?");
}

TEST(MakeStage, SaysWhatWentWrong) {
  StageProject project;
  const std::string place =
      "bad spec: " + (project.folder.path() / "images/sample/recipe.json").string() + ":/stages/0: ";
  EXPECT_EQ(project.failure(make_recipe(kMake, "made")),
            place + "source tree 'tree' is not there: no folder images/sample/tree");
  project.put("tree/CMakeLists.txt", "");
  EXPECT_EQ(project.failure(make_recipe(kMake, "made")),
            place + "the source tree 'tree' has no makefile: neither 'GNUmakefile', 'makefile' or 'Makefile'");
  project.put("tree/Makefile", "all:\n");
  EXPECT_EQ(project.failure(make_recipe(kMake, "made")),
            "build failed: error: make: exit status 2: make: *** No rule to make target 'out/code.bin'.  Stop.");
  project.put("tree/Makefile", "out/code.bin second: code.o\ncode.o: code.c\n\taarch64-linux-gnu-gcc -c code.c\n");
  project.put("tree/code.c", "int f(void) { return x; }\n");
  EXPECT_EQ(project.failure(make_recipe(kMake, "made")),
            "build failed: code.c:1:22: error: 'x' undeclared (first use in this function)");
  project.put("tree/Makefile", "out/code.bin second:\n\ttrue\n");
  EXPECT_EQ(project.failure(make_recipe(kMake, "made")),
            "build failed: error: make: it ended well, but left no 'out/code.bin'");
}

// A program of an undefined symbol, a section more than its code, and an entry of its own.
struct Checked {
  Checked() {
    project.put("main.c", "extern int other; int start(void) { return other; } int table[64] = {1};\n");
    project.put("main.ld", "ENTRY(start)\nSECTIONS { . = 0x40080000; .text : { *(.text*) } .data : { *(.data*) } }\n");
  }
  std::string failure(const std::string& properties) {
    return project.failure(make_recipe(fmt::format(R"(
        {{ "compile": "objects", "sources": ["main.c"], "flags": ["-fno-pie", "-ffreestanding"] }},
        {{ "link": "kernel", "inputs": ["objects"], "script": "main.ld",
          "flags": ["-nostdlib", "-static", "-no-pie", "-Wl,--unresolved-symbols=ignore-all"] }},
        {{ "link": "partial", "inputs": ["objects"], "script": "main.ld", "flags": ["-nostdlib", "-r"] }},
        {{ "check": "properties", {} }})",
                                                   properties),
                                       "kernel"));
  }
  StageProject project;
};

TEST(CheckStage, WhatHoldsPasses) {
  Checked checked;
  EXPECT_EQ(checked.failure(R"("input": "kernel", "symbols": ["start", "table"], "entry": "start", "machine": "aarch64",
      "size-at-most": "1M", "without-sections": [".got"], "undefined": [])"),
            "no failure");
  EXPECT_EQ(checked.failure(R"("input": "kernel", "entry": "0x40080000")"), "no failure");
  EXPECT_EQ(checked.failure(R"("input": "partial", "undefined": ["other"])"), "no failure");
}

fs::path kernel_of(const Checked& checked) {
  for (const auto& entry : fs::recursive_directory_iterator(checked.project.out())) {
    if (entry.path().filename() == "kernel.elf") return entry.path();
  }
  return {};
}

TEST(CheckStage, NamesThePropertyWhatIsWantedAndWhatWasFound) {
  Checked checked;
  const auto expect = [&](const std::string& properties, const std::string& message, std::string file = "kernel") {
    const std::string failure = checked.failure(fmt::format("\"input\": \"{}\", {}", file, properties));
    EXPECT_TRUE(failure.starts_with("build failed: error: sample-") &&
                failure.ends_with(fmt::format("/{}.elf: {}", file, message)))
        << failure;
  };
  expect(R"("symbols": ["strat"])", "symbol 'strat': wanted defined, found none; did you mean 'start'?");
  expect(R"("entry": "0x40000000")", "entry: wanted 0x40000000, found 0x40080000");
  expect(R"("entry": "main")", "entry: wanted 'main', found no such symbol");
  expect(R"("size-at-most": "1K")",
         fmt::format("size: wanted at most 1024 bytes, found {}", fs::file_size(kernel_of(checked))));
  expect(R"("without-sections": [".data"])", "section '.data': wanted absent, found 256 bytes");
  expect(R"("machine": "arm")", "machine: wanted arm, found aarch64");
  expect(R"("undefined": [])", "undefined symbols: wanted none, found 'other'", "partial");
  expect(R"("undefined": ["main"], "machine": "riscv")",
         "machine: wanted riscv, found aarch64; undefined symbols: wanted none but those listed, found 'other'",
         "partial");
}

TEST(AssembleStage, TakesBothKindsOfSourceAndSeesWhatTheyInclude) {
  StageProject project;
  project.put("start.s", "    .include \"word.inc\"\n    .global _start\n_start:\n    .word WORD\n");
  project.put("word.inc", "    .equ WORD, 1\n");
  project.put("more.S", "#include \"more.h\"\n    .word MORE\n");
  project.put("more.h", "#define MORE 3\n");
  project.put("main.ld", "SECTIONS { . = 0x40080000; .text : { *start*(.text) *(.text*) } }\n");
  const std::string text = make_recipe(R"(
      { "assemble": "objects", "sources": ["start.s", "more.S"], "flags": ["-Wa,-I${tree}"] },
      { "link": "kernel", "inputs": ["objects"], "script": "main.ld", "flags": ["-nostdlib", "-static", "-no-pie"] },
      { "objcopy": "code", "input": "kernel", "format": "binary" })",
                                       "code");
  project.user = {{"tree", (project.folder.path() / "images/sample").string()}};
  const fs::path folder = project.build_folder(text);
  EXPECT_EQ(read_file(folder / "code.bin").value_or("none"), std::string("\1\0\0\0\3\0\0\0", 8));
  project.edit("word.inc", "    .equ WORD, 2\n");
  project.build_folder(text);
  EXPECT_EQ(read_file(folder / "code.bin").value_or("none"), std::string("\2\0\0\0\3\0\0\0", 8));
}

}  // namespace
}  // namespace bootrig
