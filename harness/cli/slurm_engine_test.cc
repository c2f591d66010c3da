// bootrig run --engine slurm on a Slurm of four small scripts, which runs a job's tasks at once: the way through, and
// what is refused. A real Slurm is ci/check-slurm's.
#include <cstdlib>

#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class SlurmEngine : public ::testing::Test {
 protected:
  SlurmEngine() {
    script("sinfo", "echo tcg,big");
    script("scancel", "exit 0");
    // As if the job had been over for a long time.
    script("squeue", "echo 'slurm_load_jobs error: Invalid job id specified'; exit 1");
    script("sbatch", R"sh(for word; do
  case $word in
    --version) exit 0 ;;
    --array=*) tasks=${word#--array=} ;;
    --output=*) output=${word#--output=} ;;
  esac
  script=$word
done
echo "$@" >> )sh" + (folder_.path() / "submitted").string() +
                         R"sh(
for task in $(echo "$tasks" | tr , '\n' | sed 's/\([0-9]*\)-\([0-9]*\)/seq \1 \2/;t;s/^/echo /' | sh); do
  [ "$task" = "$LOSE" ] && continue
  SLURM_ARRAY_TASK_ID=$task sh "$script" > "$(echo "$output" | sed "s/%a/$task/")" 2>&1
done
echo 7)sh");
  }
  void script(const std::string& name, const std::string& text) {
    folder_.put(name, "#!/bin/sh\n" + text + "\n");
    fs::permissions(folder_.path() / name, fs::perms::owner_all);
  }
  Finished run(Words more, const Words& environment = {}) {
    Words words{"run",    "--engine",     "slurm",  "--project", small_project(),   "--output",
                output(), "--no-history", "--html", "off",       "--engine-option", "poll=20ms"};
    words.insert(words.end(), more.begin(), more.end());
    Words variables{"PATH=" + folder_.path().string() + ":" + std::getenv("PATH")};
    variables.insert(variables.end(), environment.begin(), environment.end());
    return bootrig(words, variables);
  }
  fs::path output() const { return folder_.path() / "out"; }

  TestFolder folder_;
};

TEST_F(SlurmEngine, GivesTheRunThatWouldHaveBeenHere) {
  const Finished finished = run({"--engine-option", "shards=3", "--engine-option", "sbatch=--partition=p"});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_EQ(finished.err, "bootrig: Slurm job 7: task 1-3 of 3\n");
  EXPECT_NE(finished.out.find("8 passed, 2 failed"), std::string::npos) << finished.out;
  const fs::path here = folder_.path() / "here";
  bootrig({"run", "--project", small_project(), "--no-history", "--html", "off", "--output", here});
  EXPECT_EQ(report_of(output()).standings(), report_of(here).standings());
  for (const Row& row : report_of(output()).rows) EXPECT_TRUE(fs::exists(row.folders.at(0) + "/transcript.raw"));
  EXPECT_NE(text_of(folder_.path() / "submitted").find("--requeue"), std::string::npos);
  EXPECT_NE(text_of(folder_.path() / "submitted").find("--partition=p"), std::string::npos);
  // Nothing is left to be done, and nothing is submitted.
  fs::remove(folder_.path() / "submitted");
  EXPECT_EQ(run({"--engine-option", "shards=3", "--resume"}).code, 1);
  EXPECT_FALSE(fs::exists(folder_.path() / "submitted"));
  const Finished other = run({"-m", "good", "--resume"});
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("is of a run of other testcases"), std::string::npos) << other.err;
}

TEST_F(SlurmEngine, NeverPassesWhatIsLost) {
  const Finished finished = run({"-m", "good", "--engine-option", "shards=2"}, {"LOSE=2"});
  EXPECT_EQ(finished.code, 1);
  const Report report = report_of(output());
  EXPECT_EQ(report.rows.size(), 8u);
  EXPECT_EQ(report.totals.at("pass"), 4);
  EXPECT_EQ(report.totals.at("error"), 4);
  for (const Row& row : report.rows) {
    if (row.kind != "error") continue;
    EXPECT_TRUE(row.detail.starts_with("shard 2/2 was lost: its task 7_2 is not known")) << row.detail;
  }
  // What is lost can be booted here, too.
  EXPECT_EQ(bootrig({"run", "--project", small_project(), "-m", "good", "--output", output(), "--no-history", "--html",
                     "off", "--resume"})
                .code,
            0);
}

TEST_F(SlurmEngine, ShowsTheDivisionWithoutDoingAnything) {
  const Finished finished = run({"-m", "good", "--engine-option", "shards=2", "--dry-run"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_TRUE(finished.out.starts_with("1/2 good/idle@virt[gic=2,level=1]\n2/2 good/idle@virt[gic=3,level=1]\n"))
      << finished.out;
  EXPECT_FALSE(fs::exists(output()));
}

TEST_F(SlurmEngine, RefusesWhatItCannotDo) {
  const auto refused = [&](const Words& words) {
    const Finished finished = run(words);
    EXPECT_EQ(finished.code, 2) << finished.out;
    return finished.err;
  };
  EXPECT_EQ(refused({"--shard", "1/2"}),
            "bootrig: --engine slurm: --shard is for hosts that know nothing of each other\n");
  EXPECT_EQ(refused({"--until-fail"}),
            "bootrig: --engine slurm: --until-fail needs an order in time, which tasks have not\n");
  EXPECT_EQ(refused({"-j", "2"}), "bootrig: --engine slurm: --jobs is what '--engine-option cpus=N' says of a task\n");
  EXPECT_EQ(refused({"--engine-option", "cpu=3"}),
            "bootrig: --engine-option cpu=3: slurm has no option 'cpu'; there is 'cpus', 'memory', 'poll', 'sbatch', "
            "'shards', 'start-within' or 'time'; did you mean 'cpus'?\n");
  script("sbatch",
         "[ \"$1\" = --version ] && exit 0; echo 'sbatch: error: invalid partition specified: p' >&2; exit 1");
  EXPECT_EQ(refused({"-m", "good"}), "bootrig: sbatch: sbatch: error: invalid partition specified: p\n");
}

TEST_F(SlurmEngine, SaysThatThereIsNoSlurm) {
  const Finished finished =
      bootrig({"run", "--engine", "slurm", "--project", small_project(), "--output", output()}, {"PATH=/nowhere"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err,
            "bootrig: --engine slurm: there is no sbatch on this host; runs are submitted where Slurm's programs are "
            "(Debian's slurm-client)\n");
  EXPECT_FALSE(fs::exists(output()));
  const Finished local = bootrig({"run", "--engine-option", "shards=2", "--project", small_project()});
  EXPECT_EQ(local.err, "bootrig: --engine-option: the engine local has no options\n");
}

}  // namespace
}  // namespace bootrig
