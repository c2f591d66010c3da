// On programs that the cross compiler makes here and now: DWARF is too rich to write by hand.
#include "elf/source_lines.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "base/file.h"
#include "base/text.h"
#include "elf/symbols.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

// One instruction a line, in known places: what the compiler makes of C is its own business.
constexpr const char* kStop = "void stop(void)\n{\n  __asm__(\"wfi\");\n}\n";
constexpr const char* kTwice = "void twice(void)\n{\n\n  __asm__(\"wfe\");\n  __asm__(\"wfe\");\n}\n";
constexpr const char* kStart = ".globl _start\n_start:\n  nop\n  b .\n";

class SourceLinesTest : public ::testing::Test {
 protected:
  // Compiles in a folder below the sources', so that one source lies below the folder of compilation and others do not.
  std::filesystem::path program(const std::string& flags) {
    folder_.put("stop.c", kStop);
    folder_.put("build/sub/twice.c", kTwice);
    folder_.put("start.S", kStart);
    const std::string command = "cd " + shell_quote({(folder_.path() / "build").string()}) +
                                " && aarch64-linux-gnu-gcc -O1 -ffreestanding -nostdlib -static " + flags +
                                " -Wl,-Ttext=0xffffff8040000000 -o program.elf ../start.S ../stop.c sub/twice.c";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return folder_.path() / "build/program.elf";
  }

  static std::uint64_t address_of(const std::filesystem::path& program, std::string_view name) {
    SymbolTable table;
    EXPECT_TRUE(table.add(program));
    for (const Symbol& symbol : table.symbols()) {
      if (symbol.name == name) return symbol.address;
    }
    ADD_FAILURE() << "no symbol " << name;
    return 0;
  }

  static std::string at(const SourceLines& lines, std::uint64_t address) {
    const auto line = lines.find(address);
    return line ? line->file + ":" + std::to_string(line->line) : "none";
  }

  void expect_all_found(const std::filesystem::path& program) {
    SourceLines lines;
    const auto added = lines.add(program);
    ASSERT_TRUE(added) << to_text(added.error());
    EXPECT_EQ(at(lines, address_of(program, "twice")), "sub/twice.c:4");
    EXPECT_EQ(at(lines, address_of(program, "twice") + 4), "sub/twice.c:5");
    EXPECT_EQ(at(lines, address_of(program, "stop")), (folder_.path() / "stop.c:3").string());
    EXPECT_EQ(at(lines, address_of(program, "_start")), (folder_.path() / "start.S:3").string());
    EXPECT_EQ(at(lines, address_of(program, "_start") + 4), (folder_.path() / "start.S:4").string());
    EXPECT_EQ(at(lines, 0), "none");
    EXPECT_EQ(at(lines, 0xffffff8040000000 - 4), "none");
    EXPECT_EQ(at(lines, 0xffffff8040100000), "none");
  }

  TestFolder folder_;
};

TEST_F(SourceLinesTest, EveryVersionOfDwarf) {
  for (const char* version : {"2", "3", "4", "5"}) {
    SCOPED_TRACE(version);
    expect_all_found(program(std::string("-g -gdwarf-") + version));
  }
}

TEST_F(SourceLinesTest, CompressedSections) {
  expect_all_found(program("-g -gz=zlib"));
}

// As the recipes of images do: the program is the same wherever it is built.
TEST_F(SourceLinesTest, FolderLeftOut) {
  const auto with = program("-g " + shell_quote({"-ffile-prefix-map=" + (folder_.path() / "build").string() + "=."}));
  SourceLines lines;
  ASSERT_TRUE(lines.add(with));
  EXPECT_EQ(at(lines, address_of(with, "twice")), "sub/twice.c:4");
  EXPECT_EQ(at(lines, address_of(with, "stop")), "../stop.c:3");
}

TEST_F(SourceLinesTest, WithoutTheListOfAddresses) {
  const auto with = program("-g");
  const auto without = folder_.path() / "without.elf";
  const std::string command =
      "aarch64-linux-gnu-objcopy --remove-section .debug_aranges " + shell_quote({with.string(), without.string()});
  ASSERT_EQ(std::system(command.c_str()), 0);
  expect_all_found(without);
}

TEST_F(SourceLinesTest, NoDwarfAddsNothing) {
  for (const char* flags : {"-g0", "-g -s"}) {
    SourceLines lines;
    EXPECT_TRUE(lines.add(program(flags))) << flags;
    EXPECT_EQ(at(lines, 0xffffff8040000000), "none");
  }
}

TEST_F(SourceLinesTest, FirstFileThatKnows) {
  const auto known = program("-g");
  SourceLines lines;
  const auto stripped = folder_.put("stripped.elf", read_file(program("-g0")).value());
  ASSERT_TRUE(lines.add(stripped));
  ASSERT_TRUE(lines.add(program("-g")));
  SourceLines moved = std::move(lines);
  EXPECT_EQ(at(moved, address_of(known, "twice")), "sub/twice.c:4");
}

TEST_F(SourceLinesTest, FilesThatAreNone) {
  SourceLines lines;
  EXPECT_TRUE(to_text(lines.add(folder_.path() / "missing").error()).ends_with("No such file or directory"));
  EXPECT_TRUE(lines.add(folder_.path()).error().message.contains("is no ELF64 file"));
  EXPECT_TRUE(lines.add(folder_.put("empty", "")).error().message.contains("is no ELF64 file"));
  EXPECT_TRUE(lines.add(folder_.put("text", "int main;")).error().message.contains("is no ELF64 file"));
}

TEST_F(SourceLinesTest, CutOffAnywhere) {
  const std::string whole = read_file(program("-g")).value();
  const auto cut = folder_.path() / "cut.elf";
  for (std::size_t size = 64; size < whole.size(); size += 241) {
    SourceLines lines;
    ASSERT_TRUE(write_file(cut, whole.substr(0, size)));
    const auto added = lines.add(cut);
    ASSERT_FALSE(added) << size;
    EXPECT_TRUE(added.error().message.starts_with("is ")) << added.error().message;
  }
}

// Whatever stands in the sections: an answer or none, in bounded time.
TEST_F(SourceLinesTest, BrokenDwarf) {
  const auto path = program("-g");
  const std::string whole = read_file(path).value();
  const std::uint64_t twice = address_of(path, "twice");
  const auto damaged = folder_.path() / "broken.elf";
  std::mt19937 random(7);
  unsigned found = 0;
  constexpr unsigned kRounds = 400;
  for (unsigned round = 0; round < kRounds; ++round) {
    std::string broken = whole;
    for (unsigned change = 0; change <= round % 24; ++change) {
      broken[random() % broken.size()] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
    }
    SourceLines lines;
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(write_file(damaged, broken));
    if (!lines.add(damaged)) continue;
    for (const std::uint64_t address : {twice, twice - 8, std::uint64_t{0xffffff8040000000}}) {
      found += at(lines, address) == "none" ? 0 : 1;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << round;
  }
  EXPECT_GT(found, 0u);  // most changes hit what does not matter
  EXPECT_LT(found, 3 * kRounds);
}

}  // namespace
}  // namespace bootrig
