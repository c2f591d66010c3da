#include "triage/each_dump.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace bootrig {
namespace {

std::string dump_of(std::uint64_t far) {
  return fmt::format(
      "bootrig kernel: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1\n"
      "  ESR_EL1 0x0000000096000004\n  FAR_EL1 {:#018x}\n  ELR_EL1 0xffffff8040001000\n",
      far);
}

std::vector<std::optional<std::uint64_t>> addresses(const DumpDiagnoses& explained) {
  std::vector<std::optional<std::uint64_t>> addresses;
  for (const Diagnosis& diagnosis : explained.diagnoses) {
    addresses.push_back(diagnosis.exception ? diagnosis.exception->far : std::nullopt);
  }
  return addresses;
}

class EachDump : public ::testing::Test {
 protected:
  EachDump() : text_("begin\n" + dump_of(0x1000) + "between\n" + dump_of(0x2000) + dump_of(0x3000) + "end\n") {
    evidence_.transcript = text_;
  }
  std::string text_;
  Evidence evidence_;
};

TEST_F(EachDump, IsExplainedByItselfAndKeepsItsLine) {
  const DumpDiagnoses explained = diagnose_dumps(evidence_, 10);
  EXPECT_EQ(addresses(explained), (std::vector<std::optional<std::uint64_t>>{0x1000, 0x2000, 0x3000}));
  EXPECT_EQ(explained.untold, 0u);
  const char* lines[] = {"at line 2 of", "at line 7 of", "at line 11 of"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NE(explained.diagnoses[i].findings.front().find(lines[i]), std::string::npos)
        << explained.diagnoses[i].findings.front();
  }
}

TEST_F(EachDump, NoMoreThanWereAskedFor) {
  const DumpDiagnoses explained = diagnose_dumps(evidence_, 1);
  EXPECT_EQ(addresses(explained), (std::vector<std::optional<std::uint64_t>>{0x1000}));
  EXPECT_EQ(explained.untold, 2u);
}

TEST_F(EachDump, WithoutADumpThereIsNothing) {
  evidence_.transcript = "all is well\n";
  EXPECT_TRUE(diagnose_dumps(evidence_, 10).diagnoses.empty());
}

}  // namespace
}  // namespace bootrig
