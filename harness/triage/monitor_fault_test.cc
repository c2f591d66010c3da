// The monitor's dump of a protection domain, with the domain's ELF file and without a machine: which function, which
// line, which instruction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "testing/paths.h"
#include "testing/test_folder.h"
#include "triage/diagnosis.h"

namespace bootrig {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// ip 0x204ce0, fault_addr 0, fsr 0x92000006: a domain that reads through a pointer nobody has set.
class MonitorFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.put("queue.c", "int first(volatile int *queue)\n{\n  return *queue;\n}\n");
    const std::string command = "cd " + shell_quote({folder_.path().string()}) +
                                " && aarch64-linux-gnu-gcc -O1 -g -nostdlib -static -Wl,-e,first "
                                "-Wl,-Ttext=0x204ce0 -o client.elf queue.c";
    ASSERT_EQ(std::system(command.c_str()), 0);
    auto file = LoadedElf::open(folder_.path() / "client.elf");
    ASSERT_TRUE(file);
    files_.push_back(std::move(*file));
    ASSERT_TRUE(symbols_.add(folder_.path() / "client.elf"));
    ASSERT_TRUE(lines_.add(folder_.path() / "client.elf"));
    const auto text = read_file(source_path("harness/dump/fixtures/microkit-monitor-423.transcript"));
    ASSERT_TRUE(text);
    text_ = *text;
  }

  Diagnosis diagnose_it() {
    Evidence evidence;
    evidence.transcript = text_;
    evidence.symbols = &symbols_;
    evidence.files = files_;
    evidence.lines = &lines_;
    return diagnose(evidence).value_or(Diagnosis{});
  }

  TestFolder folder_;
  std::vector<LoadedElf> files_;
  SymbolTable symbols_;
  SourceLines lines_;
  std::string text_;
};

TEST_F(MonitorFaultTest, FunctionLineAndInstruction) {
  const Diagnosis diagnosis = diagnose_it();
  ASSERT_TRUE(diagnosis.cause);
  EXPECT_EQ(diagnosis.cause->name, "null-pointer");
  EXPECT_THAT(diagnosis.cause->what, HasSubstr("protection domain 'serial_virt_tx'"));
  EXPECT_THAT(diagnosis.cause->what, HasSubstr("0x204ce0 <first>"));
  ASSERT_FALSE(diagnosis.code.empty());
  EXPECT_EQ(diagnosis.code.front(), "0x204ce0 <first> queue.c:3");
  EXPECT_THAT(diagnosis.code, Contains(HasSubstr("> 0x0000000000204ce0  b9400000  ldr w0, [x0]")));
}

// Without the file the cause stands, and the function does not.
TEST_F(MonitorFaultTest, WithoutTheFile) {
  files_.clear();
  symbols_ = {};
  lines_ = {};
  const Diagnosis diagnosis = diagnose_it();
  ASSERT_TRUE(diagnosis.cause);
  EXPECT_EQ(diagnosis.cause->name, "null-pointer");
  EXPECT_TRUE(diagnosis.code.empty());
}

}  // namespace
}  // namespace bootrig
