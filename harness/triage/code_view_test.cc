#include "triage/code_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "testing/fake_memory.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t kCode = 0xffffff8040001000;

class CodeViewTest : public ::testing::Test {
 protected:
  CodeViewTest() : symbols_(SymbolTable::of({{"wait", kCode, 8, true}, {"put", kCode + 8, 0x20, true}})) {
    put(kCode, {0xd503207f, 0xd65f03c0, 0xf9400000, 0xb9000001, 0x97fffffc, 0x54ffffc0, 0xb4ffffa0, 0x3607ff80, 0, 1});
  }

  void put(std::uint64_t address, const std::vector<std::uint32_t>& words) {
    for (std::uint32_t word : words) {
      std::array<std::uint8_t, 4> bytes;
      std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(std::exchange(word, word >> 8)); });
      memory_.write(address, bytes);
      address += 4;
    }
  }

  std::vector<std::string> view(std::uint64_t address, CodeSpan span = {}) {
    const auto read = [this](std::uint64_t at, std::span<std::uint8_t> out) { return memory_.read(at, out); };
    return code_view(address, read, names_, span);
  }

  FakeMemory memory_;
  SymbolTable symbols_;
  CodeNames names_{.symbols = &symbols_};
};

TEST_F(CodeViewTest, InstructionsAround) {
  EXPECT_THAT(view(kCode + 0x10),
              ElementsAre("0xffffff8040001010 <put+0x8>",                  //
                          "  0xffffff8040001000  d503207f  wfi",           //
                          "  0xffffff8040001004  d65f03c0  ret",           //
                          "  0xffffff8040001008  f9400000  ldr x0, [x0]",  //
                          "  0xffffff804000100c  b9000001  str w1, [x0]",  //
                          "> 0xffffff8040001010  97fffffc  bl #0xffffff8040001000 <wait>",
                          "  0xffffff8040001014  54ffffc0  b.eq #0xffffff804000100c <put+0x4>",
                          "  0xffffff8040001018  b4ffffa0  cbz x0, #0xffffff804000100c <put+0x4>",
                          "  0xffffff804000101c  3607ff80  tbz w0, #0, #0xffffff804000100c <put+0x4>"));
  EXPECT_EQ(view(kCode + 0x10, {0, 0}).size(), 2u);
}

TEST_F(CodeViewTest, EdgesOfMemory) {
  EXPECT_THAT(view(kCode, {4, 1}),
              ElementsAre("0xffffff8040001000 <wait>",  //
                          "> 0xffffff8040001000  d503207f  wfi", "  0xffffff8040001004  d65f03c0  ret"));
  EXPECT_EQ(view(kCode + 0xffc, {1, 4}).size(), 3u);
  EXPECT_THAT(view(kCode - 4),
              ElementsAre("0xffffff8040000ffc", "  no instruction can be read there: no memory at 0xffffff8040000ffc"));
  put(0, {0xd503201f});
  put(0xfffffffffffffffc, {0xd503201f});
  EXPECT_THAT(view(0, {4, 0}), ElementsAre("0x0", "> 0x0000000000000000  d503201f  nop"));
  EXPECT_THAT(view(0xfffffffffffffffc, {0, 4}),
              ElementsAre("0xfffffffffffffffc", "> 0xfffffffffffffffc  d503201f  nop"));
}

TEST_F(CodeViewTest, AddressWithinAnInstruction) {
  EXPECT_THAT(view(kCode + 6, {0, 0}),
              ElementsAre("0xffffff8040001006 <wait+0x6>", "> 0xffffff8040001004  d65f03c0  ret"));
}

TEST_F(CodeViewTest, CodeThatRunsElsewhere) {
  names_.to_linked = 0xffff000000000000;
  put(kCode - names_.to_linked, {0x94000002});
  EXPECT_THAT(view(0x0000ff8040001000, {0, 0}),
              ElementsAre("0xff8040001000 <wait>", "> 0x0000ff8040001000  94000002  bl #0xff8040001008 <put>"));
}

TEST_F(CodeViewTest, LinesThatFit) {
  symbols_ = SymbolTable::of({{std::string(300, 'n'), kCode, 0x100, true}});
  bool full = false;
  for (const std::string& line : view(kCode + 0x10)) {
    EXPECT_LE(line.size(), 110u) << line;
    full = full || (line.size() == 110u && line.ends_with("nnn..."));
  }
  EXPECT_TRUE(full);
}

TEST_F(CodeViewTest, WithoutNames) {
  names_ = {};
  EXPECT_THAT(view(kCode + 0x10, {0, 0}),
              ElementsAre("0xffffff8040001010", "> 0xffffff8040001010  97fffffc  bl #0xffffff8040001000"));
}

TEST_F(CodeViewTest, SourceLine) {
  const TestFolder folder;
  folder.put("wait.c", "void wait(void)\n{\n  __asm__(\"wfi\");\n}\n");
  const std::string command = "cd " + shell_quote({folder.path().string()}) +
                              " && aarch64-linux-gnu-gcc -O1 -g -nostdlib -static -Wl,-e,wait "
                              "-Wl,-Ttext=0xffffff8040001000 -o wait.elf wait.c";
  ASSERT_EQ(std::system(command.c_str()), 0);
  SourceLines lines;
  ASSERT_TRUE(lines.add(folder.path() / "wait.elf"));
  names_.lines = &lines;
  EXPECT_EQ(view(kCode)[0], "0xffffff8040001000 <wait> wait.c:3");
  names_.symbols = nullptr;
  EXPECT_EQ(describe_code(kCode, names_), "0xffffff8040001000 wait.c:3");
}

}  // namespace
}  // namespace bootrig
