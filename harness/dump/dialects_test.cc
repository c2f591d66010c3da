// find_dumps over what no dialect may trip over: noise, cuts, two dumps at once, hostile bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "dump/fixture_test.h"

namespace bootrig {
namespace {

using dump::fixture;
using dump::only_dump;
using testing::Each;
using testing::IsEmpty;

const std::string kElfloader =
    "ELF-LOADER: Synchronous exception received:\nesr_el1: 96000044\nelr_el1: 40401234\nspsr_el1: 600003c5\nfar_el1: "
    "18\n";

const std::string kAbort =
    "KERNEL DATA ABORT!\nFaulting instruction: 0xffffff8040012345\nFAR: 0x10 ESR (DFSR): 0x96000006\nhalting...\n"
    "Kernel entry via VM Fault, fault type: 1\n";

const std::string kFault =
    "Caught cap fault in send phase at address 0\nwhile trying to handle:\n"
    "vm fault on data at address 0x4 with status 0x92000046\n"
    "in thread 0xffffff807fb2e400 \"rootserver\" at address 0x401234\nWith stack:\n0x7ffff0: 0x401000\n";

const std::string kOops =
    "Unable to handle kernel paging request at virtual address ffff800012345678\n  ESR = 0x0000000096000047\n"
    "Internal error: Oops: 0000000096000047 [#1] SMP\npstate: 60000005 (nZCv)\npc : a+0x10/0x40\n"
    "sp : ffff800080003d40\nx2 : 0000000000000002 x1 : 0000000000000001 x0 : 0000000000000010\nCode: d503201f\n"
    "---[ end trace 0000000000000000 ]---\n";

const std::string kEdk2 =
    "Synchronous Exception at 0x0000700000000000\n  X0 0x0000000000000001   X1 0x0000000000000002\n"
    "  SP 0x000000005F7FF000  ELR 0x0000700000000000  SPSR 0x60000205  FPSR 0x00000000\n"
    " ESR 0x86000004          FAR 0x0000700000000000\nStack dump:\n";

const std::string kXen =
    "Data Abort Trap. Syndrome=0x5\nWalking Hypervisor VA 0x114ebfff8 on CPU0 via TTBR 0x0000000000f38000\n"
    "0TH[0x0] = 0x0000000000f3bf7f\nCPU0: Unexpected Trap: Data Abort\n"
    "----[ Xen-4.14.0  arm64  debug=y   Not tainted ]----\nCPU:    0\n"
    "PC:     000000000024a77c smmu.c#find_smmu_master+0x8/0x3c\nLR:     000000000024a8a4\n"
    "SP:     00000000002ff1f0\nCPSR:   80000249 MODE:64-bit EL2h (Hypervisor, handler)\n"
    "     X0: 0000000114ec0000  X1: 00008000fbfc7478  X2: 00008000fbfc71e0\n   ESR_EL2: 96000005\n"
    " HPFAR_EL2: 0000000000000000\n   FAR_EL2: 0000000114ebfff8\nReboot in five seconds...\n";

const std::string kTfa =
    "Unhandled Exception in EL3.\nx30            = 0x0000000004001234\nx0             = 0x0000000000000001\n"
    "x29            = 0x000000000000001d\nscr_el3        = 0x0000000000000530\n"
    "tcr_el3        = 0x0000000080803520\nspsr_el3       = 0x00000000600003cd\n"
    "elr_el3        = 0x0000000004001230\nesr_el3        = 0x0000000096000010\n"
    "far_el3        = 0x0000000008000000\n";

const std::string kKvmUnitTests =
    "Unhandled exception ec=0x25 (DABT_EL1)\nVector: 4 (el1h_sync)\n"
    "ESR_EL1:         96000006, ec=0x25 (DABT_EL1)\nFAR_EL1: 0000000000000004 (valid)\nException frame registers:\n"
    "pc : [<000000005834ad20>] lr : [<000000005834cadc>] pstate: 600003c5\nsp : 000000005f70fd80\n"
    "x29: 000000005f70ffe0 x28: 0000000000000000 \nx1 : 00000000ffffffff x0 : 0000000000000000 \n"
    "EXIT: STATUS=127\n";

const std::string kZephyr =
    "ELR_ELn: 0x0000000040001234\nESR_ELn: 0x0000000096000045\n  EC:  0x25 (Data Abort taken without a change in "
    "Exception level)\n  IL:  0x1\n  ISS: 0x45\nFAR_ELn: 0x0000000000000010\nTPIDRRO: 0x0000000100000000\n"
    "x0:  0x0000000000000001  x1:  0x0000000000000002\nx18: 0x0000000000000012  lr:  0x0000000040001200\n"
    ">>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 0\nCurrent thread: 0x400e2d80 (main)\nHalting system\n";

const std::string kAssertion =
    "seL4 failed assertion 'isSchedulable(candidate)' at src/kernel/thread.c:371 in function schedule\nhalting...\n"
    "Kernel entry via Interrupt, irq 0\n";

// One dump each.
std::vector<std::string> whole_dumps() {
  std::vector<std::string> dumps = {kElfloader, kAbort, kFault,        kOops,   kEdk2,
                                    kXen,       kTfa,   kKvmUnitTests, kZephyr, kAssertion};
  for (const char* name : {"bootrig-empty-window", "bootrig-null-read", "bootrig-smc", "microkit-loader-423",
                           "microkit-monitor-423", "u-boot-2023.01", "linux-user-fault"}) {
    dumps.push_back(fixture(name));
  }
  return dumps;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    lines.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return lines;
}

// The same values: what noise must not change.
void expect_same_values(const ExceptionRecord& a, const ExceptionRecord& b) {
  EXPECT_EQ(a.dialect, b.dialect);
  EXPECT_EQ(a.headline, b.headline);
  EXPECT_EQ(a.level, b.level);
  EXPECT_EQ(a.esr, b.esr);
  EXPECT_EQ(a.far, b.far);
  EXPECT_EQ(a.elr, b.elr);
  EXPECT_EQ(a.spsr, b.spsr);
  EXPECT_EQ(a.hpfar, b.hpfar);
  EXPECT_EQ(a.sp, b.sp);
  EXPECT_EQ(a.x, b.x);
  EXPECT_EQ(a.extra, b.extra);
  EXPECT_EQ(a.cut_off, b.cut_off);
  EXPECT_EQ(a.corrections, b.corrections);
}

// A value of a dump that lost something: the whole dump's, or none.
void expect_value_or_none(const std::optional<std::uint64_t>& part, const std::optional<std::uint64_t>& whole) {
  EXPECT_EQ(part.value_or(whole.value_or(0)), whole.value_or(0));
  EXPECT_TRUE(!part || whole);
}

TEST(FindDumps, NothingInNothing) {
  EXPECT_THAT(find_dumps(""), IsEmpty());
  EXPECT_THAT(find_dumps("\n"), IsEmpty());
  EXPECT_THAT(find_dumps("\x1b"), IsEmpty());
  EXPECT_THAT(find_dumps(std::string(100, '\0')), IsEmpty());
}

TEST(FindDumps, PrefixesAndEscapesChangeNothing) {
  for (const std::string& dump : whole_dumps()) {
    std::string dressed;
    unsigned i = 0;
    for (std::string line : lines_of(dump)) {
      if (line.ends_with('\n')) line.replace(line.size() - 1, 1, "\r\n");
      const std::string prefixes[] = {"(XEN) ",       "[   12.345678] ", "\x1b[0m\x1b[1;31m", "\x1b]0;title\x07",
                                      "[ 1.5][ C3] ", "\x1b(B",          std::string(1, '\0')};
      dressed += prefixes[i++ % std::size(prefixes)] + line;
    }
    const ExceptionRecord record = only_dump(dressed);
    expect_same_values(record, only_dump(dump));
    EXPECT_EQ(record.first_line, only_dump(dump).first_line);
    EXPECT_EQ(record.last_line, only_dump(dump).last_line);
  }
}

TEST(FindDumps, AHeadlineMayStandBehindOtherText) {
  const ExceptionRecord record = only_dump("=> boot" + kAbort);
  EXPECT_EQ(record.headline, "KERNEL DATA ABORT!");
  EXPECT_EQ(record.far, 0x10u);
}

TEST(FindDumps, LinesOfOthersMayStandBetween) {
  for (const std::string& dump : whole_dumps()) {
    std::string noisy;
    unsigned i = 0;
    for (const std::string& line : lines_of(dump)) noisy += line + (i++ % 2 == 0 ? "cpu1: \xff\xfe hello\n" : "\n");
    expect_same_values(only_dump(noisy), only_dump(dump));
  }
}

TEST(FindDumps, TooManyLinesOfOthersEndADump) {
  std::string others;
  for (int i = 0; i < 20; ++i) others += "cpu1: hello\n";
  const std::size_t behind_esr = kElfloader.find("elr_el1");
  const ExceptionRecord record = only_dump(kElfloader.substr(0, behind_esr) + others + kElfloader.substr(behind_esr));
  EXPECT_EQ(record.esr, 0x96000044u);
  EXPECT_EQ(record.elr, std::nullopt);
  EXPECT_EQ(record.last_line, 2u);
  EXPECT_TRUE(record.cut_off);
}

TEST(FindDumps, TwoDumpsInARowAreTwoRecords) {
  for (const std::string& first : whole_dumps()) {
    for (const std::string& second : whole_dumps()) {
      const std::vector<ExceptionRecord> records = find_dumps(first + second);
      ASSERT_EQ(records.size(), 2u);
      expect_same_values(records[0], only_dump(first));
      EXPECT_EQ(records[1].headline, only_dump(second).headline);
      EXPECT_EQ(records[1].esr, only_dump(second).esr);
      EXPECT_EQ(records[1].cut_off, false);
    }
  }
}

TEST(FindDumps, TheNextHeadlineEndsADump) {
  const std::vector<ExceptionRecord> records = find_dumps(kElfloader.substr(0, kElfloader.find("elr_el1")) + kAbort);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_TRUE(records[0].cut_off);
  EXPECT_EQ(records[0].last_line, 2u);
  EXPECT_EQ(records[1].first_line, 3u);
  EXPECT_FALSE(records[1].cut_off);
}

TEST(FindDumps, AValueThatComesTwiceAndDiffersIsNotBelieved) {
  const ExceptionRecord record = only_dump(
      "ELF-LOADER: Synchronous exception received:\nesr_el1: 96000044\nelr_el1: 4\nelr_el1: 8\nelr_el1: 4\n"
      "spsr_el1: 5\nspsr_el1: 5\nspsr_el1: 6\n");
  EXPECT_EQ(record.esr, 0x96000044u);
  EXPECT_EQ(record.elr, std::nullopt);
  EXPECT_EQ(record.spsr, std::nullopt);
  EXPECT_THAT(record.corrections, testing::ElementsAre("Printed twice with different values, perhaps by two dumps at "
                                                       "once, and not believed: elr, spsr."));
}

// Two CPUs that dump at once, line by line: no record may mix their values.
TEST(FindDumps, TwoDumpsLineByLineAreNotMixed) {
  const std::vector<std::string> a = lines_of(kElfloader);
  std::string text;
  for (const std::string& line : a) {
    std::string other = line;
    for (char& c : other) c = c == '4' ? '5' : c;
    text += line + other;
  }
  const std::vector<ExceptionRecord> records = find_dumps(text);
  ASSERT_EQ(records.size(), 2u);  // the first one lost all its lines
  for (const ExceptionRecord& record : records) {
    EXPECT_EQ(record.esr, std::nullopt);
    EXPECT_EQ(record.elr, std::nullopt);
    EXPECT_EQ(record.far, std::nullopt);
  }
  EXPECT_EQ(records[1].spsr, 0x600003c5u);  // both say so
}

TEST(FindDumps, CutAnywhereItSaysWhatTheWholeSaysOrNothing) {
  for (const std::string& dump : whole_dumps()) {
    const ExceptionRecord whole = only_dump(dump);
    for (std::size_t size = 0; size < dump.size(); ++size) {
      const std::vector<ExceptionRecord> records = find_dumps(std::string_view(dump).substr(0, size));
      if (records.empty()) continue;
      ASSERT_EQ(records.size(), 1u) << size;
      const ExceptionRecord& part = records[0];
      // Until its words come behind it, Linux's ESR of a user process stands as it is printed.
      if (whole.dialect != "linux" || part.esr != 0x92000004u) expect_value_or_none(part.esr, whole.esr);
      expect_value_or_none(part.far, whole.far);
      expect_value_or_none(part.elr, whole.elr);
      expect_value_or_none(part.spsr, whole.spsr);
      expect_value_or_none(part.sp, whole.sp);
      for (std::size_t i = 0; i < part.x.size(); ++i) expect_value_or_none(part.x[i], whole.x[i]);
      ASSERT_FALSE(testing::Test::HasFailure()) << dump.substr(0, size);  // one is enough to read
    }
  }
}

TEST(FindDumps, ALineLostIsAValueLost) {
  for (const std::string& dump : whole_dumps()) {
    const ExceptionRecord whole = only_dump(dump);
    const std::vector<std::string> lines = lines_of(dump);
    for (std::size_t lost = 0; lost < lines.size(); ++lost) {
      std::string text;
      for (std::size_t i = 0; i < lines.size(); ++i) text += i == lost ? "" : lines[i];
      for (const ExceptionRecord& part : find_dumps(text)) {
        if (part.dialect != whole.dialect) continue;
        expect_value_or_none(part.far, whole.far);
        expect_value_or_none(part.elr, whole.elr);
        for (std::size_t i = 0; i < part.x.size(); ++i) expect_value_or_none(part.x[i], whole.x[i]);
      }
      ASSERT_FALSE(testing::Test::HasFailure()) << text;
    }
  }
}

TEST(FindDumps, HostileBytesNeverHurt) {
  std::mt19937 random(20261122);
  std::vector<std::string> dumps = whole_dumps();
  for (int round = 0; round < 3000; ++round) {
    std::string text = dumps[random() % dumps.size()];
    for (unsigned change = random() % 20; change > 0; --change) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 40);
          text += '.';
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 200));
          break;
        default:
          text.insert(at, dumps[random() % dumps.size()].substr(0, random() % 400));
      }
    }
    std::uint64_t last = 0;
    for (const ExceptionRecord& record : find_dumps(text)) {
      ASSERT_FALSE(record.dialect.empty());
      ASSERT_FALSE(record.headline.empty());
      ASSERT_GT(record.first_line, last);
      ASSERT_GE(record.last_line, record.first_line);
      last = record.last_line;
    }
  }
}

TEST(FindDumps, AGuestThatTrapsForEverGivesItsFirstThousandDumps) {
  std::string text;
  for (int i = 0; i < 1500; ++i) text += kElfloader;
  EXPECT_EQ(find_dumps(text).size(), 1000u);
  text.clear();
  for (int i = 0; i < 1500; ++i) text += "KERNEL DATA ABORT!\n";  // each ends the one before
  EXPECT_EQ(find_dumps(text).size(), 1000u);
}

TEST(FindDumps, ALineWithoutEndIsReadOnce) {
  std::string text(8 << 20, '\x1b');
  text += "\n" + kElfloader;
  EXPECT_EQ(only_dump(text).esr, 0x96000044u);
  std::string long_line = "KERNEL DATA ABORT!" + std::string(1 << 20, 'x');
  EXPECT_EQ(only_dump(long_line).headline.size(), 200u);
}

}  // namespace
}  // namespace bootrig
