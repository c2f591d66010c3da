// --triage-rerun on real QEMU: a user thread faults in its own tables, and the kernel tells of it in those of another;
// dumps that are wrong, and none at all.
#include <fmt/format.h>

#include <filesystem>

#include "cli/program_test.h"
#include "json/value.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class RerunProgram : public ::testing::Test {
 protected:
  Finished run(const std::string& variant, const std::string& target, bool rerun, const std::string& set = "") {
    Words words{"run",      "boot/hello@" + target,  "--set",       "fault=" + variant,
                "--output", folder_.path().string(), "--no-history"};
    if (rerun) words.emplace_back("--triage-rerun");
    if (!set.empty()) words.insert(words.end(), {"--set", set});
    EXPECT_EQ(bootrig(words).code, 1);
    return bootrig({"triage", folder_.path().string()});
  }

  TestFolder folder_;
};

// What is at rest gives the same syndrome, and blames the wrong table.
TEST_F(RerunProgram, TheRightDescriptorWhereThereWasAnothers) {
  Finished told = run("domain-page", "virt-el2-gicv2", false);
  EXPECT_TRUE(told.out.contains("walk stage 2 L3[0x1] at ")) << told.out;
  EXPECT_TRUE(told.out.contains("<idle_l3+0x8> = 0x0  invalid")) << told.out;
  EXPECT_FALSE(told.out.contains("user_l3")) << told.out;

  told = run("domain-page", "virt-el2-gicv2", true);
  EXPECT_TRUE(told.out.contains("the machine at the exception, in a second boot, not at rest: CPU 0")) << told.out;
  EXPECT_TRUE(told.out.contains("VTTBR_EL2 ")) << told.out;
  EXPECT_TRUE(told.out.contains("<user_l3+0x8> = 0x0  invalid")) << told.out;
  EXPECT_TRUE(told.out.contains("CAUSE      the level 3 table at ")) << told.out;
  EXPECT_FALSE(told.out.contains("idle_l3")) << told.out;
  EXPECT_FALSE(told.out.contains("the guest printed")) << told.out;
}

TEST_F(RerunProgram, ACauseWhereThereWasNone) {
  for (const std::string target : {"virt-el2-gicv3", "virt-el1-gicv2"}) {
    Finished told = run("domain-access-flag", target, false);
    EXPECT_FALSE(told.out.contains("CAUSE")) << told.out;
    EXPECT_TRUE(told.out.contains("MISSING    the tables of who faulted: --triage-rerun would")) << told.out;

    told = run("domain-access-flag", target, true);
    EXPECT_TRUE(
        told.out.contains("CAUSE      the level 3 descriptor for 0x201000, where user.elf has its data, has the"))
        << told.out;
    EXPECT_TRUE(told.out.contains("<user_l3+0x8> is 0x")) << told.out;
    EXPECT_TRUE(told.out.contains("the tables give the syndrome that the CPU reported")) << told.out;
    EXPECT_FALSE(told.out.contains("MISSING")) << told.out;
  }
  const std::string journal = text_of(folder_.path() / "journal.jsonl");
  EXPECT_TRUE(journal.contains(R"("rerun":{"outcome":"at-exception")")) << journal;
  fs::path log;
  for (const auto& file : fs::recursive_directory_iterator(folder_.path() / "cells")) {
    if (file.path().filename() == "exceptions.log") log = file.path();
  }
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(log.parent_path().filename(), "rerun");
  EXPECT_TRUE(text_of(log).contains("...with ESR 0x24/0x9200000b")) << text_of(log);
}

// Vectors that raise exceptions themselves, and vectors that nobody has set: at rest only the last of many is known.
TEST_F(RerunProgram, TheFirstExceptionOfManyWithoutADump) {
  for (const std::string cell : {"faults/bad-vectors@virt-el2-gicv2", "faults/lower-vectors@virt[level=2]"}) {
    EXPECT_EQ(bootrig({"run", cell, "--output", folder_.path().string(), "--no-history", "--triage-rerun"}).code, 0);
    const Finished told = bootrig({"triage", "--all", folder_.path().string()});
    EXPECT_TRUE(told.out.contains("this is the first exception, which the machine at rest had lost")) << told.out;
    EXPECT_TRUE(told.out.contains("<probe_main+0x")) << told.out;
    EXPECT_TRUE(told.out.contains("CAUSE")) << told.out;
  }
}

// An image whose user thread prints a dump first, and then goes on as its variant does; gives its loader.
class LyingDump : public RerunProgram {
 protected:
  std::string build(const std::string& variant, const std::string& esr, const std::string& far,
                    const std::string& elr) {
    // The words of a macro become a text, and there "\\n" is a new line.
    const Finished built = bootrig(
        {"build", variant, "--output", folder_.path().string(), "--set",
         fmt::format(R"(greeting=x\nbootrig kernel: EXCEPTION Synchronous, lower EL using AArch64, taken to EL2\n)"
                     R"( ESR_EL2 {}\n FAR_EL2 {}\n ELR_EL2 {}\nbootrig kernel: end of dump)",
                     esr, far, elr)});
    EXPECT_EQ(built.code, 0) << built.out << built.err;
    const std::size_t begin = built.out.find("/");
    return begin == std::string::npos ? "" : built.out.substr(begin, built.out.find("  sha256") - begin);
  }
};

TEST_F(LyingDump, AnExceptionThatDoesNotComeAgain) {
  const std::string file = build("reference-hello", "0x0000000092000007", "0x0000000000123000", "0x0000000000200040");
  const Finished told = bootrig({"boot", "-q", file, "--target", "virt-el2-gicv2", "--triage-rerun"});
  EXPECT_EQ(told.code, 1);
  EXPECT_TRUE(told.out.contains("MISSING    the exception did not come again in a second boot")) << told.out;
  EXPECT_TRUE(told.out.contains("all of them calls or interrupts")) << told.out;
}

// A read, which the dump calls a write: two of three values are right.
TEST_F(LyingDump, TheCpuKnowsBetter) {
  const auto lie = [&](const std::string& elr) {
    return build("reference-null-read", "0x0000000092000047", "0x0000000000000000", elr);
  };
  const std::string zero = "0x0000000000000000";
  const std::string said = bootrig({"boot", lie(zero), "--target", "virt-el2-gicv2"}).out;
  const std::size_t true_dump = said.rfind("ELR_EL2 0x");
  ASSERT_NE(true_dump, std::string::npos) << said;
  const std::string elr = said.substr(true_dump + 8, zero.size());
  ASSERT_NE(elr, zero) << said;
  const Finished told = bootrig({"boot", "-q", lie(elr), "--target", "virt-el2-gicv2", "--triage-rerun"});
  EXPECT_TRUE(told.out.contains("the guest printed ESR 0x92000047, the CPU had 0x9")) << told.out;
  EXPECT_TRUE(told.out.contains("translation fault, level 2, on a read")) << told.out;
  EXPECT_TRUE(told.out.contains("reads from address 0x0")) << told.out;
}

}  // namespace
}  // namespace bootrig
