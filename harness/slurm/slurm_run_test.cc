// The watch over a run, with a Slurm of the test's making: what its programs say, and what its tasks write.
#include "slurm/slurm_run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "run/journal.h"
#include "testing/fake_launcher.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

class SlurmRunTest : public ::testing::Test, public Reporter {
 protected:
  SlurmRunTest() {
    run_.output = folder_.path();
    run_.options.poll = 5ms;
    run_.settle = 0s;
    run_.plan.shards = 2;
    run_.groups = {{{}, {1, 2}}};
    for (const unsigned shard : {1u, 1u, 2u}) {
      RunResult result;
      result.id = fmt::format("boot/{}@virt", run_.plan.testcases.size());
      result.scenario = fmt::format("boot/{}", run_.plan.testcases.size());
      run_.plan.testcases.push_back(result);
      run_.plan.shard_of.push_back(shard);
    }
    EXPECT_TRUE(make_folders(shards_folder(folder_.path())));
  }

  // Slurm's programs: each squeue says the next of `states_`, the last one for ever, after what it does.
  Result<FakeRun> answer(const LaunchSpec& spec) {
    const std::string& program = spec.argv.front();
    if (program == "sbatch") {
      if (std::ranges::find(spec.argv, refused_) != spec.argv.end()) {
        return FakeRun{"sbatch: error: Invalid feature specification\n", {.code = 1}};
      }
      submitted_.push_back(spec.argv);
      return FakeRun{fmt::format("{}\n", ++job_)};
    }
    if (program == "scancel") {
      cancelled_.insert(cancelled_.end(), spec.argv.begin() + 1, spec.argv.end());
      return FakeRun{};
    }
    if (const std::size_t asked = asked_++; on_ask_) on_ask_(asked);
    return FakeRun{squeue_.empty() ? fmt::format("{0}|1|COMPLETED|None\n{0}|2|COMPLETED|None\n", job_) : squeue_};
  }

  void write(unsigned shard) {
    const auto folder = shards_folder(folder_.path()) / std::to_string(shard);
    ASSERT_TRUE(make_folders(folder));
    Journal journal = Journal::create(folder / "journal.jsonl", plan_fingerprint(run_.plan, shard)).value();
    for (std::size_t i = 0; i < run_.plan.testcases.size(); ++i) {
      if (run_.plan.shard_of[i] != shard) continue;
      ASSERT_TRUE(journal.append({&run_.plan.testcases[i]}));
    }
  }

  Result<RunEnd> run() {
    FakeLauncher launcher([this](const LaunchSpec& spec) { return answer(spec); });
    SlurmClient client(launcher);
    RunReport report({}, {this});
    return run_on_slurm(
        run_, {client, clock_, interrupt_, report, [this](const std::string& text) { remarks_.push_back(text); }});
  }

  void finished(const RunResult& result) override {
    finished_.push_back(fmt::format("{} {}", result.id, to_text(result.standing)));
    if (result.verdict.kind == VerdictKind::kError) detail_ = result.verdict.detail;
  }
  Result<void> end(const RunInfo&, const RunTotals&, std::size_t) override { return {}; }

  TestFolder folder_;
  SteadyClock clock_;
  Interrupt interrupt_;
  SlurmRun run_;
  std::function<void(std::size_t)> on_ask_;
  std::string squeue_, detail_;
  std::string refused_ = "no word";  // sbatch takes no command that has it
  int job_ = 10;
  std::size_t asked_ = 0;
  std::vector<Words> submitted_;
  Words cancelled_, remarks_, finished_;
};

TEST_F(SlurmRunTest, EndsWhenAllHaveTheirResult) {
  squeue_ = "11|1|RUNNING|None\n11|2|RUNNING|None\n";
  on_ask_ = [this](std::size_t asked) {
    if (asked == 0) write(1);
    if (asked == 1) write(2);
    if (asked == 2) squeue_ = "11|1|COMPLETED|None\n11|2|COMPLETED|None\n";
  };
  const auto end = run();
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_EQ(end->missing, 0u);
  EXPECT_EQ(finished_, (Words{"boot/0@virt pass", "boot/1@virt pass", "boot/2@virt pass"}));
  ASSERT_EQ(submitted_.size(), 1u);
  EXPECT_EQ(submitted_[0][5], "--array=1-2");
}

TEST_F(SlurmRunTest, SubmitsALostTaskOnceMore) {
  on_ask_ = [this](std::size_t asked) {
    if (asked == 0) write(1);
    if (submitted_.size() == 2) write(2);
    if (submitted_.size() == 2) squeue_ = "12|2|COMPLETED|None\n";
  };
  squeue_ = "11|2|NODE_FAIL|None\n";
  const auto end = run();
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_EQ(finished_, (Words{"boot/0@virt pass", "boot/1@virt pass", "boot/2@virt pass"}));
  ASSERT_EQ(submitted_.size(), 2u);
  EXPECT_EQ(submitted_[1][5], "--array=2");
}

TEST_F(SlurmRunTest, GivesATaskUpThatIsLostTwice) {
  on_ask_ = [this](std::size_t) { write(1); };
  squeue_ = "11|2|TIMEOUT|None\n12|2|CANCELLED|None\n";
  ASSERT_TRUE(write_file(shards_folder(folder_.path()) / "2.log", "first\nslurmstepd: \x1b[31mcancelled\n"));
  const auto end = run();
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_EQ(end->gating, 1u);
  EXPECT_EQ(finished_, (Words{"boot/0@virt pass", "boot/1@virt pass", "boot/2@virt error"}));
  EXPECT_EQ(submitted_.size(), 2u) << "once more, not for ever";
  EXPECT_EQ(detail_,
            "shard 2/2 was lost: its task 11_2 ended (TIMEOUT), then its task 12_2 ended (CANCELLED); the last line of "
            "2.log: slurmstepd: \\x1b[31mcancelled");
}

TEST_F(SlurmRunTest, NeverTakesCompletedForAResult) {
  const auto end = run();
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_EQ(finished_, (Words{"boot/0@virt error", "boot/1@virt error", "boot/2@virt error"}));
}

TEST_F(SlurmRunTest, SeesATaskThatNeverStarts) {
  on_ask_ = [this](std::size_t) {
    write(1);
    if (std::ranges::find(cancelled_, "12_2") != cancelled_.end()) squeue_ = "12|2|CANCELLED|None\n";
  };
  squeue_ = "11|2|PENDING|BadConstraints\n12|2|PENDING|Priority\n";
  run_.options.start_within = 20ms;
  ASSERT_TRUE(run());
  EXPECT_EQ(detail_,
            "shard 2/2 was lost: its task 11_2 cannot start (BadConstraints), then its task 12_2 did not start "
            "in 20ms (Priority)");
  EXPECT_EQ(cancelled_[0], "11_2") << "it must not start behind our back";
}

TEST_F(SlurmRunTest, ForgottenTasksAreLost) {
  on_ask_ = [this](std::size_t) { write(1); };
  squeue_ = "slurm_load_jobs error\n";
  ASSERT_TRUE(run());
  EXPECT_NE(detail_.find("its task 11_2 is not known to Slurm any more"), std::string::npos) << detail_;
}

TEST_F(SlurmRunTest, InterruptedItCancelsAndKeepsWhatThereIs) {
  on_ask_ = [this](std::size_t asked) {
    if (asked == 0) write(1);
    if (asked == 1) interrupt_.raise();
    if (asked >= 2) squeue_ = "11|1|COMPLETED|None\n11|2|CANCELLED|None\n";
  };
  squeue_ = "11|1|RUNNING|None\n11|2|RUNNING|None\n";
  const auto end = run();
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_TRUE(end->interrupted);
  EXPECT_EQ(end->missing, 1u);
  EXPECT_EQ(finished_, (Words{"boot/0@virt pass", "boot/1@virt pass"}));
  EXPECT_EQ(cancelled_.at(0), "11");
}

TEST_F(SlurmRunTest, InterruptedBeforehandItSubmitsNothing) {
  interrupt_.raise();
  const auto end = run();
  ASSERT_TRUE(end) << to_text(end.error());
  EXPECT_EQ(end->missing, 3u);
  EXPECT_TRUE(submitted_.empty());
}

TEST_F(SlurmRunTest, GoesOnWithWhatIsThere) {
  write(1);
  ASSERT_TRUE(write_file(shards_folder(folder_.path()) / "jobs", "7\nnonsense; rm\n8\n"));
  on_ask_ = [this](std::size_t) { write(2); };
  ASSERT_TRUE(run());
  ASSERT_EQ(submitted_.size(), 1u);
  EXPECT_EQ(submitted_[0][5], "--array=2") << "the other has all its results";
  ASSERT_GE(cancelled_.size(), 2u);
  EXPECT_EQ(Words(cancelled_.begin(), cancelled_.begin() + 2), (Words{"7", "8"}));
}

TEST_F(SlurmRunTest, TellsWhatSbatchRefuses) {
  refused_ = "sbatch";
  const auto end = run();
  ASSERT_FALSE(end);
  EXPECT_EQ(to_text(end.error()), "sbatch: sbatch: error: Invalid feature specification");
  EXPECT_TRUE(finished_.empty());
}

TEST_F(SlurmRunTest, GivesUpAloneWhatSbatchRefuses) {
  run_.groups = {{{.constraint = "sparc"}, {1}}, {{}, {2}}};
  refused_ = "--constraint=sparc";
  on_ask_ = [this](std::size_t) { write(2); };
  ASSERT_TRUE(run());
  EXPECT_EQ(finished_, (Words{"boot/0@virt error", "boot/1@virt error", "boot/2@virt pass"}));
  EXPECT_EQ(detail_,
            "shard 1/2 was lost: it could not be submitted (sbatch: sbatch: error: Invalid feature specification)");
}

TEST(SlurmClientTest, AsksForWhatTheTargetsNeed) {
  const SlurmJob job{.name = "bootrig-x",
                     .script = "/s/task.sh",
                     .folder = "/s",
                     .cpus = 4,
                     .minutes = 20,
                     .memory_mib = 512,
                     .words = {"--partition=p"}};
  EXPECT_EQ(sbatch_command(job, {"kvm", "board:1", "jtag:1"}, {1, 2, 4}),
            (Words{"sbatch", "--parsable", "--requeue", "--open-mode=append", "--job-name=bootrig-x", "--array=1-2,4",
                   "--output=/s/%a.log", "--time=20", "--ntasks=1", "--cpus-per-task=4", "--mem=512M",
                   "--constraint=kvm", "--gres=board:1", "--licenses=jtag:1", "--partition=p", "/s/task.sh"}));
  EXPECT_EQ(task_script({"bootrig", "run", "a b"}, "/s x", 4),
            "#!/bin/sh\nunset GITHUB_ACTIONS\nexec bootrig run 'a b' --shard \"$SLURM_ARRAY_TASK_ID/4\" --plan '/s x' "
            "--output '/s x'/\"$SLURM_ARRAY_TASK_ID\"\n");
}

TEST(SlurmClientTest, SaysThatThereIsNoSlurm) {
  FakeLauncher launcher([](const LaunchSpec&) -> Result<FakeRun> { return fail("not found"); });
  EXPECT_EQ(to_text(SlurmClient(launcher).features().error()),
            "--engine slurm: there is no sbatch on this host; runs are submitted where Slurm's programs are (Debian's "
            "slurm-client)");
}

}  // namespace
}  // namespace bootrig
