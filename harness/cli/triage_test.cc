// bootrig triage: the program as a whole.
#include <fmt/format.h>

#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const fs::path kSchema = fs::path(source_path("reports/triage.schema.json"));

// A loader's log in the form of Microkit's, of a kernel whose window was left out of the tables; then a second dump.
std::string log_text() {
  std::string log =
      "LDR|INFO: altloader for seL4 starting\r\n"
      "LDR|INFO: kernel:      entry:   0xffffff8040000000\r\n"
      "LDR|INFO|CPU0: CurrentEL=EL1\r\n"
      "LDR|INFO|CPU0: enabling MMU\r\n"
      "LDR|INFO|CPU0: jumping to kernel\r\n"
      "\r\n"
      "LDR|ERROR: loader trapped exception: Synchronous (Current Exception level with SP_ELx)\r\n"
      "    esr_el1: 0x0000000086000004\r\n"
      "    ec: 0x00000021 (Instruction Abort taken without a change in Exception level)\r\n"
      "    il: 0x0000000000000001\r\n"
      "    iss: 0x0000000000000004\r\n"
      "    far: 0xffffff8040000000\r\n";
  for (unsigned i = 0; i < 32; ++i) log += fmt::format("    reg: {:#010x}: {:#018x}\r\n", i, 0x70000000 + i);
  return log +
         "\x1b[31m<script>\r\n"
         "bootrig kernel: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1\r\n"
         "  ESR_EL1 0x0000000096000045\r\n  FAR_EL1 0x0000000000000008\r\n  ELR_EL1 0xffffff8040001000\r\n";
}

class Triage : public ::testing::Test {
 protected:
  Triage() : log_(folder_.path() / "boot.log") { EXPECT_TRUE(write_file(log_, log_text())); }
  TestFolder folder_;
  fs::path log_;
};

TEST_F(Triage, APastedLogIsDecodedAndCorrected) {
  const Finished told = bootrig({"triage", log_});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_TRUE(
      told.out.starts_with("Instruction Abort, same EL: translation fault, level 0  (ESR_EL1 0x86000004)  "
                           "FAR 0xffffff8040000000"))
      << told.out;
  EXPECT_NE(told.out.find("\n  dump of microkit-loader at line 7 of the console\n"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("\n  the dump: The loader prints its registers shifted"), std::string::npos) << told.out;
  EXPECT_EQ(told.err, "bootrig: 1 more dump in " + log_.string() + "; --all explains every one\n");
}

TEST_F(Triage, AllDumpsInTheirOrder) {
  const Finished told = bootrig({"triage", log_, "--all"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_EQ(told.err, "");
  const std::size_t second = told.out.find("\n\nData Abort, same EL: translation fault, level 1, on a write");
  EXPECT_NE(second, std::string::npos) << told.out;
}

TEST_F(Triage, JsonIsAsItsSchemaSays) {
  for (const Words& more : {Words{}, Words{"--all"}, Words{"--all", "--target", "virt[gic=3]"}}) {
    Words words{"triage", log_, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished told = bootrig(words);
    EXPECT_EQ(told.code, 0) << told.err;
    EXPECT_EQ(against_schema(kSchema, told.out), "") << told.out;
    EXPECT_NE(told.out.find("\"esr\": \"0x86000004\""), std::string::npos) << told.out;
  }
  EXPECT_NE(against_schema(kSchema, R"({"schema": "bootrig-triage-1", "explained": [{}]})"), "");
}

TEST_F(Triage, MarkdownIsAHeadingAndABlock) {
  const Finished told = bootrig({"triage", log_, "--markdown"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_TRUE(told.out.starts_with("### Instruction Abort, same EL: translation fault, level 0")) << told.out;
  EXPECT_NE(told.out.find("```text\nInstruction Abort"), std::string::npos) << told.out;
  EXPECT_TRUE(told.out.ends_with("```\n")) << told.out;
}

TEST_F(Triage, NothingToExplainIsOne) {
  ASSERT_TRUE(write_file(log_, "all is well\n"));
  const Finished told = bootrig({"triage", log_});
  EXPECT_EQ(told.code, 1);
  EXPECT_EQ(told.out, "");
  EXPECT_EQ(told.err, "bootrig: nothing to explain in " + log_.string() +
                          ": no crash dump of a known form, and nothing else that a rule knows\n");
}

TEST_F(Triage, BadInputIsTwoAndOneSentence) {
  const std::string log = log_, folder = folder_.path();
  const std::pair<Words, std::string> cases[] = {
      {{folder + "/none"}, folder + "/none: cannot read: No such file or directory"},
      {{folder}, folder + ": is no folder of a run: it has no journal.jsonl; 'bootrig run' writes one to its --output"},
      {{log, "boot/hello@virt"}, log + ": is no folder of a run; a TESTCASE is one of a run"},
      {{log, "--load", "0x40000000"}, "--load tells where a raw --image lies; give that"},
      {{log, "--symbols", log}, log + ": is no ELF64 file to take symbols from"},
      {{log, "--target", "virtt"}, "there is no target 'virtt'; did you mean 'virt'?"}};
  for (const auto& [words, error] : cases) {
    Words arguments{"triage"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Finished told = bootrig(arguments);
    EXPECT_EQ(told.code, 2) << told.out;
    EXPECT_EQ(told.err, "bootrig: " + error + "\n");
  }
}

// Of a run: what it found out, once for all that failed so; and the same made later, when triage was off.
TEST_F(Triage, ARunsFailuresByTheirSignature) {
  const std::string id = "bad/dump@virt", run = folder_.path() / "run", project = folder_.path() / "project";
  copy_project(small_project(), project);
  const fs::path scenario = fs::path(project) / "scenarios/bad/dump";
  fs::create_directories(scenario);
  ASSERT_TRUE(write_file(
      scenario / "scenario.json",
      R"({"summary": "It traps", "image": "guest-dump", "timeout": "20s", "steps": [{"expect": "never"}]})"));
  for (const std::string triage : {"failures", "off"}) {
    fs::remove_all(run);
    EXPECT_EQ(bootrig({"run", "--project", project, "-o", run, id, "--repeat", "2", "--triage", triage}).code, 1);
    const Finished all = bootrig({"triage", run, "--json"});
    EXPECT_EQ(against_schema(kSchema, all.out), "") << all.out;
    const bool stored = triage != "off";
    EXPECT_EQ(all.code, stored ? 0 : 1) << all.out << all.err;
    EXPECT_EQ(all.err.find("no diagnosis is stored of") == std::string::npos, stored) << all.err;
    const Finished one = bootrig({"triage", run, id, "--project", project});
    EXPECT_EQ(one.code, 0) << one.err;
    EXPECT_NE(one.out.find("dump of bootrig-image at line 3 of the console"), std::string::npos) << one.out;
    EXPECT_NE(one.out.find("testcase   " + id), std::string::npos) << one.out;
    if (!stored) continue;
    const Finished text = bootrig({"triage", run});
    EXPECT_TRUE(text.out.starts_with("2 testcases: ")) << text.out;
  }
  const Finished wrong = bootrig({"triage", run, "bad/dumb@virt"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err, "bootrig: " + run + ": this run has no testcase 'bad/dumb@virt'; did you mean '" + id + "'?\n");
}

}  // namespace
}  // namespace bootrig
