// Preflight of all that the nightly matrix boots: every planted defect that bytes can tell, and nothing about an image
// that passes; and what the program makes of findings.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/program_test.h"
#include "image/image.h"
#include "run/plan.h"
#include "run/preflight.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

// By the root cause that a scenario expects; of others the bytes tell nothing.
const std::map<std::string, std::string> kFindings = {
    {"conduit-mismatch", "conduit-mismatch"}, {"image-for-gicv2", "gic-mismatch"},
    {"image-for-gicv3", "gic-mismatch"},      {"hypervisor-image-below-el2", "wrong-level"},
    {"image-entered-at-el2", "wrong-level"},  {"image-entered-at-el3", "wrong-level"},
    {"image-outside-ram", "outside-memory"},  {"truncated-archive", "truncated-archive"}};

std::set<std::string> names(const Findings& findings) {
  std::set<std::string> names;
  for (const Finding& finding : findings) names.insert(finding.name);
  return names;
}

TEST(Preflight, TellsTheNightlyMatrixApart) {
  const Project project(source_path(), source_path());
  const auto plan = make_plan(project, {.matrices = {"nightly"}}, today_utc());
  ASSERT_TRUE(plan) << to_text(plan.error());
  const TestFolder folder;
  ForkingLauncher launcher;
  ImageBuilder builder(*project.recipes(),
                       {.folder = folder.path() / "images", .program = build_path("bootrig"), .jobs = 2}, launcher);
  std::vector<ImageRequest> requests;
  for (const Testcase& testcase : plan->testcases) {
    requests.push_back({testcase.scenario->image, testcase.scenario->parameters, testcase.target.machine});
  }
  const auto images = builder.build(requests);
  MachineTrees trees(launcher);
  std::map<std::pair<std::string, std::string>, Findings> known;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Testcase& testcase = plan->testcases[i];
    if (testcase.skip || testcase.target_id.starts_with("selftest-")) continue;
    ASSERT_TRUE(images[i]) << testcase.id;
    const auto [found, is_new] = known.try_emplace({images[i]->file.string(), testcase.target_id});
    if (is_new) {
      found->second = preflight(*images[i], testcase.target_id, testcase.target.machine, trees);
      Image stripped = *images[i];
      stripped.symbols.clear();
      if (!found->second.empty()) {
        EXPECT_EQ(names(preflight(stripped, testcase.target_id, testcase.target.machine, trees)), names(found->second));
      }
    }
    std::set<std::string> expected;
    const std::string cause = testcase.expected_failure ? testcase.expected_failure->root_cause.value_or("") : "";
    if (const auto finding = kFindings.find(cause); finding != kFindings.end()) expected = {finding->second};
    EXPECT_EQ(names(found->second), expected) << testcase.id;
  }
  EXPECT_GT(known.size(), 100u);
}

TEST(Preflight, FindingsStandInEachReport) {
  const TestFolder folder;
  const Finished run = bootrig({"run", "faults/smc@virt", "boot/hello@virt", "--output", folder.path()});
  ASSERT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_TRUE(run.out.contains("preflight: 1 finding about the image in 1 testcase; report.json has them")) << run.out;
  const std::string report = text_of((folder.path() / "report.json").string());
  EXPECT_TRUE(report.contains("\"name\":\"conduit-mismatch\"")) << report;
  EXPECT_EQ(against_schema(source_path("reports/report.schema.json"), report), "");
  const std::string line = "preflight: error: kernel.elf calls PSCI by smc, and virt has it by hvc [conduit-mismatch]";
  EXPECT_TRUE(report.contains("\"" + line)) << "not among the diagnosis's findings";
  EXPECT_TRUE(text_of((folder.path() / "junit.xml").string()).contains(line));
  EXPECT_TRUE(text_of((folder.path() / "journal.jsonl").string()).contains("\"conduit-mismatch\""));
}

TEST(Preflight, StrictDoesNotBootWhatCannotBoot) {
  const TestFolder folder;
  const std::string project = (folder.path() / "project").string();
  folder.put("project/images/broken/recipe.json", R"({ "summary": "needs EL2", "toolchain": "aarch64-linux-gnu-",
    "stages": [ { "compile": "objects", "sources": ["start.S"] },
                { "link": "broken", "inputs": ["objects"], "script": "broken.ld", "flags": ["-nostdlib", "-static"] } ],
    "boot": { "stage": "broken", "format": "elf", "symbols": ["broken"] } })");
  folder.put("project/images/broken/broken.ld", "ENTRY(_start) SECTIONS { . = 0x40400000; .text : { *(.text) } }");
  folder.put("project/images/broken/start.S", ".global _start\n_start: msr hcr_el2, x0\nb .\n");
  const std::string scenario =
      R"({ "summary": "x", "image": "broken", "timeout": "1s", "steps": [ { "expect": "x" } ] )";
  folder.put("project/scenarios/strict/gated/scenario.json", scenario + "}");
  folder.put("project/scenarios/strict/expected/scenario.json",
             scenario + R"(, "expect-fail": { "verdict": "fail", "cause": "boot-timeout", "reason": "it traps" } })");
  const Finished run = bootrig({"run", "strict/gated@virt", "strict/expected@virt", "--strict-preflight", "--project",
                                project, "--output", (folder.path() / "out").string()});
  EXPECT_EQ(run.code, 1) << run.out << run.err;
  EXPECT_TRUE(run.out.contains("error: image-build")) << run.out;
  EXPECT_TRUE(run.out.contains("preflight: error: the image needs EL2, and virt enters at EL1 [wrong-level]"))
      << run.out;
  EXPECT_TRUE(run.out.contains("1 failed as expected")) << run.out;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out/cells/strict/gated/virt/attempt-1/transcript.raw"));
}

}  // namespace
}  // namespace bootrig
