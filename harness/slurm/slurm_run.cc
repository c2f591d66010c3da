#include "slurm/slurm_run.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "run/shard_collection.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr unsigned kTries = 2;
// A node that died takes its time to be known as dead; until then its tasks are COMPLETING.
constexpr Duration kCleanUpLimit = 60s;
// Tasks that have given all their results are let go for so long, and cancelled ones.
constexpr Duration kLeaveLimit = 15s;
constexpr Duration kSilenceLimit = 10min;
constexpr Duration kTick = 250ms;

// Of the text's last line; a task's output may be anyone's.
std::string last_words(const fs::path& log) {
  constexpr std::size_t kShown = 200;
  const auto text = read_file(log);
  if (!text) return "";
  const std::string_view all = trim(*text);
  const std::string_view line = all.substr(all.rfind('\n') == std::string_view::npos ? 0 : all.rfind('\n') + 1);
  return printable(line.substr(0, kShown));
}

class Watch {
 public:
  Watch(const SlurmRun& run, const SlurmRunContext& context)
      : run_(run), context_(context), folder_(shards_folder(run.output)), shards_(run.plan.shards) {
    for (const TaskGroup& group : run_.groups) {
      for (const unsigned shard : group.shards) shards_[shard - 1].group = &group;
    }
  }

  Result<RunEnd> run() {
    cancel_earlier();
    auto collection = ShardCollection::create(run_.output, run_.plan);
    if (!collection) return std::unexpected(collection.error());
    collection_.emplace(std::move(*collection));
    context_.report.begin();
    const auto watched = watch();
    // Whatever happened, no task goes on behind our back.
    context_.slurm.cancel(jobs_);
    if (!watched) return std::unexpected(watched.error());
    for (const std::string& remark : collection_->remarks()) context_.remark(remark);
    return context_.report.end(run_.plan.testcases.size(), context_.interrupt.raised());
  }

 private:
  struct Shard {
    const TaskGroup* group = nullptr;
    unsigned tries = 0;
    std::string job;
    TimePoint submitted;
    std::optional<TimePoint> ended;  // when it was first seen to have ended
    bool started = false;
    bool given_up = false;
    std::string story;  // of the tasks that were lost
  };

  // The jobs of a process that was killed: their tasks would work on what we submit now.
  void cancel_earlier() {
    const auto text = read_file(jobs_file());
    if (!text) return;
    std::vector<std::string> jobs;
    for (const std::string_view line : split_lines(*text)) {
      if (parse_count(line)) jobs.emplace_back(line);
    }
    context_.slurm.cancel(jobs);
  }
  fs::path jobs_file() const { return folder_ / "jobs"; }

  Result<void> watch() {
    BOOTRIG_TRY_VOID(collect());
    std::vector<unsigned> first = open_shards();
    if (!first.empty() && !stops()) BOOTRIG_TRY_VOID(submit(first));
    while (!open_shards().empty() && !stops()) {
      wait();
      if (stops()) break;
      const auto tasks = ask();
      BOOTRIG_TRY_VOID(collect());
      if (tasks) BOOTRIG_TRY_VOID(look_at(*tasks));
      if (context_.clock.now() - answered_ > kSilenceLimit) return fail("Slurm", trouble_);
    }
    return leave();
  }

  bool stops() const { return context_.interrupt.raised() || (run_.fail_fast && gated_); }

  std::vector<unsigned> open_shards() const {
    std::vector<unsigned> open;
    for (unsigned shard = 1; shard <= shards_.size(); ++shard) {
      if (!shards_[shard - 1].given_up && collection_->open_count(shard) > 0) open.push_back(shard);
    }
    return open;
  }

  // Results that have come, of all tasks.
  Result<void> collect() {
    for (unsigned shard = 1; shard <= shards_.size(); ++shard) {
      // What comes of a shard that was given up comes too late: its testcases have their results, errors.
      if (shards_[shard - 1].given_up || collection_->open_count(shard) == 0) continue;
      BOOTRIG_TRY(auto results, collection_->take(shard, folder_ / std::to_string(shard)));
      for (RunResult& result : results) {
        if (result.verdict.kind != VerdictKind::kPass) restore_transcript(run_.output, result);
        gated_ = gated_ || gates(result.standing);
        context_.report.finished(result);
      }
    }
    return {};
  }

  // One job array for each group that has any of the shards. A group that Slurm refuses (a feature that no node has) is
  // given up alone. An error: it has taken none yet, and takes none of these.
  Result<void> submit(const std::vector<unsigned>& shards) {
    std::map<unsigned, std::string> refused;
    std::optional<Error> last;
    for (const TaskGroup& group : run_.groups) {
      std::vector<unsigned> own;
      std::ranges::copy_if(shards, std::back_inserter(own),
                           [&](unsigned shard) { return shards_[shard - 1].group == &group; });
      if (own.empty()) continue;
      const auto job = context_.slurm.submit(run_.job, group.needs, own);
      if (job) {
        note_submitted(*job, own);
        continue;
      }
      last = job.error();
      for (const unsigned number : own) refused[number] = to_text(*last);
    }
    if (last && jobs_.empty()) return std::unexpected(*last);
    for (const auto& [number, why] : refused) give_up_refused(number, why);
    answered_ = context_.clock.now();
    return {};
  }

  void note_submitted(const std::string& job, const std::vector<unsigned>& shards) {
    note_job(job);
    for (const unsigned number : shards) {
      Shard& shard = shards_[number - 1];
      ++shard.tries;
      shard.job = job;
      shard.submitted = context_.clock.now();
      shard.ended.reset();
      shard.started = false;
    }
    context_.remark(fmt::format("Slurm job {}: task {} of {}", job, array_text(shards), run_.plan.shards));
  }

  void give_up_refused(unsigned number, const std::string& why) {
    std::string& story = shards_[number - 1].story;
    story = story.empty() ? fmt::format("it could not be submitted ({})", why)
                          : fmt::format("{}, and could not be submitted again ({})", story, why);
    context_.remark(fmt::format("shard {}/{}: {}", number, run_.plan.shards, why));
    give_up(number);
  }

  void note_job(const std::string& job) {
    jobs_.push_back(job);
    (void)write_file(jobs_file(), fmt::format("{}\n", fmt::join(jobs_, "\n")));
  }

  void wait() {
    const Deadline deadline = Deadline::after(context_.clock.now(), run_.options.poll);
    while (!stops() && !deadline.passed(context_.clock.now())) {
      pollfd ready{context_.interrupt.descriptor(), POLLIN, 0};
      const auto rest = std::min<Duration>(deadline.remaining(context_.clock.now()), kTick);
      ::poll(&ready, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(rest).count()));
      context_.report.tick();
    }
  }

  // By shard. None: Slurm does not answer, which is told once.
  std::optional<std::map<unsigned, TaskState>> ask() {
    auto tasks = context_.slurm.tasks(jobs_);
    if (!tasks) {
      if (trouble_.empty()) context_.remark(fmt::format("{}; trying again", to_text(tasks.error())));
      trouble_ = to_text(tasks.error());
      return std::nullopt;
    }
    trouble_.clear();
    answered_ = context_.clock.now();
    std::map<unsigned, TaskState> found;
    for (TaskState& task : *tasks) {
      if (task.task < 1 || task.task > shards_.size() || shards_[task.task - 1].job != task.job) continue;
      found.insert_or_assign(task.task, std::move(task));
    }
    return found;
  }

  Result<void> look_at(const std::map<unsigned, TaskState>& tasks) {
    std::vector<unsigned> again;
    for (const unsigned number : open_shards()) {
      Shard& shard = shards_[number - 1];
      const auto task = tasks.find(number);
      const std::string why =
          task == tasks.end() ? ended(shard, "is not known to Slurm any more", run_.settle) : fate(shard, task->second);
      if (why.empty()) continue;
      shard.story += fmt::format("{}its task {}_{} {}", shard.story.empty() ? "" : ", then ", shard.job, number, why);
      context_.remark(fmt::format("shard {}/{}: task {}_{} {}; {}", number, run_.plan.shards, shard.job, number, why,
                                  shard.tries < kTries ? "it is submitted again" : "it is given up"));
      context_.slurm.cancel({fmt::format("{}_{}", shard.job, number)});
      if (shard.tries < kTries) {
        again.push_back(number);
      } else {
        give_up(number);
      }
    }
    return again.empty() ? Result<void>{} : submit(again);
  }

  // Why the task is lost; empty: it is not, or not yet.
  std::string fate(Shard& shard, const TaskState& task) {
    if (!is_active(task.state) || task.state == "COMPLETING") {
      return ended(shard, fmt::format("ended ({})", task.state), is_active(task.state) ? kCleanUpLimit : run_.settle);
    }
    shard.ended.reset();  // it was queued again
    shard.started = shard.started || task.state != "PENDING";
    if (is_stuck(task)) return fmt::format("cannot start ({})", trim(task.reason));
    const auto& limit = run_.options.start_within;
    if (shard.started || !limit || context_.clock.now() - shard.submitted < *limit) return "";
    return fmt::format("did not start in {} ({})", format_duration(*limit), trim(task.reason));
  }

  // `how`, once that has been so for `settle`.
  std::string ended(Shard& shard, const std::string& how, Duration settle) {
    const TimePoint now = context_.clock.now();
    if (!shard.ended) shard.ended = now;
    return now - *shard.ended < settle ? "" : how;
  }

  void give_up(unsigned number) {
    Shard& shard = shards_[number - 1];
    shard.given_up = true;
    std::string why = fmt::format("shard {}/{} was lost: {}", number, run_.plan.shards, shard.story);
    const fs::path log = folder_ / fmt::format("{}.log", number);
    if (const std::string words = last_words(log); !words.empty()) {
      why += fmt::format("; the last line of {}: {}", log.filename().string(), words);
    }
    gated_ = true;
    for (const RunResult* planned : collection_->open_of(number)) {
      context_.report.finished(ShardCollection::lost(*planned, why));
    }
  }

  // Tasks that are still there write their last lines, or are being cancelled: until they are gone.
  Result<void> leave() {
    if (jobs_.empty()) return {};
    if (stops()) context_.slurm.cancel(jobs_);
    const Deadline limit = Deadline::after(context_.clock.now(), kLeaveLimit);
    while (!limit.passed(context_.clock.now())) {
      const auto tasks = context_.slurm.tasks(jobs_);
      const bool goes_on = tasks && std::ranges::any_of(*tasks, [](const TaskState& task) {
                             // The end of a node that died is never seen.
                             return is_active(task.state) && task.state != "COMPLETING";
                           });
      if (!goes_on) break;
      ::poll(nullptr, 0, static_cast<int>(kTick / 1ms));
      context_.report.tick();
    }
    return collect();
  }

  const SlurmRun& run_;
  const SlurmRunContext& context_;
  fs::path folder_;
  std::vector<Shard> shards_;
  std::optional<ShardCollection> collection_;
  std::vector<std::string> jobs_;
  std::string trouble_;  // what Slurm said last, while it does not answer
  TimePoint answered_;
  bool gated_ = false;
};

}  // namespace

fs::path shards_folder(const fs::path& output) {
  return output / "shards";
}

Result<RunEnd> run_on_slurm(const SlurmRun& run, const SlurmRunContext& context) {
  return Watch(run, context).run();
}

}  // namespace bootrig
