#include "run/preflight.h"

#include <gtest/gtest.h>

#include "json/value.h"
#include "run/result_json.h"
#include "testing/fake_launcher.h"
#include "testing/small_elf.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using Severity = Finding::Severity;

const Finding kWarning{"tree-gic", Severity::kWarning, "another GIC", {"in the tree"}, "build it again"};
const Finding kError{"wrong-level", Severity::kError, "needs EL2", {"0x1000: msr HCR_EL2", "on every way"}, ""};

TEST(PreflightOfRuns, AnErrorIsAVerdictAndAWarningIsNone) {
  EXPECT_FALSE(preflight_verdict({}));
  EXPECT_FALSE(preflight_verdict({kWarning}));
  const auto verdict = preflight_verdict({kWarning, kError});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->kind, VerdictKind::kError);
  EXPECT_EQ(verdict->cause, Cause::kImageBuild);
  EXPECT_EQ(verdict->detail, "preflight: error: needs EL2 [wrong-level]: 0x1000: msr HCR_EL2");
}

TEST(PreflightOfRuns, FindingsAreEvidence) {
  Diagnosis diagnosis;
  diagnosis.findings = {"of the machine"};
  add_evidence({kWarning}, diagnosis);
  EXPECT_EQ(diagnosis.findings,
            (std::vector<std::string>{"of the machine", "preflight: warning: another GIC [tree-gic]: in the tree"}));
}

TEST(PreflightOfRuns, FindingsComeBackFromTheJournal) {
  RunResult result;
  result.findings = {kError, kWarning};
  const auto back = result_from_json(to_json(result));
  ASSERT_TRUE(back) << to_text(back.error());
  ASSERT_EQ(back->findings.size(), 2u);
  EXPECT_EQ(to_line(back->findings[0]), to_line(kError));
  EXPECT_EQ(back->findings[0].evidence, kError.evidence);
  EXPECT_EQ(back->findings[1].change, kWarning.change);
  result.findings.clear();
  EXPECT_FALSE(write_json(to_json(result)).contains("findings"));
}

TEST(PreflightOfRuns, LooksOnceAnImageAndTarget) {
  const TestFolder folder;
  const std::string elf = small_elf({0xc0000000, 0xc0000000, std::string(64, '\0'), 64}, 0xc0000000);
  Image image{.name = "far", .file = folder.put("far.elf", elf), .sha256 = "one"};
  FakeLauncher launcher([](const LaunchSpec&) -> Result<FakeRun> { return FakeRun{"", {.code = 1}}; });
  Preflight preflight(launcher);
  const Findings findings = preflight.begin(image, "virt", {}).get();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].name, "outside-memory");
  folder.put("far.elf", "changed since");
  EXPECT_EQ(preflight.begin(image, "virt", {}).get().size(), 1u);
  EXPECT_TRUE(preflight.begin(image, "virt[gic=3]", {.gic = 3}).get().empty());
  image.file = folder.path() / "none";
  EXPECT_TRUE(preflight.begin(image, "virt", {}).get().empty());
}

// What the machine is given beside the image: an initrd, and a device tree in place of its own.
TEST(PreflightOfRuns, LooksAtTheFilesThatAreGivenWithIt) {
  const TestFolder folder;
  std::string linux(4096, '\0');
  linux.replace(56, 4, "ARM\x64");
  Image image{.name = "linux", .file = folder.put("Image", linux)};
  image.linux_boot = LinuxBoot{.initrd = folder.put("init.cpio", "no archive")};
  image.arguments = {"-dtb", folder.put("board.dtb", "no tree").string()};
  FakeLauncher launcher([](const LaunchSpec&) -> Result<FakeRun> { return FakeRun{"", {.code = 1}}; });
  MachineTrees trees(launcher);
  const Findings findings = preflight(image, "virt", {}, trees);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].name, "broken-tree");
  EXPECT_EQ(findings[1].name, "broken-initrd");
  image.arguments = {"-dtb"};  // a word that is missing
  image.linux_boot->initrd.clear();
  EXPECT_TRUE(preflight(image, "virt", {}, trees).empty());
}

}  // namespace
}  // namespace bootrig
