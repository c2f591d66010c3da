#include "run/runner.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <variant>

#include "base/file.h"
#include "base/text.h"
#include "json/value.h"
#include "run/image_console.h"
#include "run/journal.h"
#include "run/plan_record.h"
#include "run/rerun.h"
#include "run/result_json.h"
#include "run/session.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// How often reporters hear that time passes, and the journal is brought to the disk.
constexpr auto kTick = std::chrono::milliseconds(250);
// Within so long a signal that is sent to several processes has reached them all, also on a loaded host.
constexpr auto kSignalSpread = std::chrono::milliseconds(500);

std::int64_t unix_time_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Outcome not_started(Verdict verdict) {
  return {.termination = Termination::kNotStarted, .not_started = std::move(verdict)};
}

Verdict image_verdict(const ImageFailure& failure) {
  const std::string text = to_text(failure.error);
  switch (failure.kind) {
    case ImageFailure::Kind::kSkipped:
      return {VerdictKind::kSkip, Cause::kNone, text};
    case ImageFailure::Kind::kBadSpec:
      return {VerdictKind::kError, Cause::kBadSpec, text};
    case ImageFailure::Kind::kBuildFailed:
    case ImageFailure::Kind::kHost:
      return {VerdictKind::kError, failure.kind == ImageFailure::Kind::kHost ? Cause::kHost : Cause::kImageBuild, text};
  }
  return {VerdictKind::kError, Cause::kInternal, text};
}

Verdict start_verdict(const StartFailure& failure) {
  if (failure.kind == StartFailure::Kind::kUnavailable) return {VerdictKind::kSkip, Cause::kNone, failure.message};
  return {VerdictKind::kError, failure.kind == StartFailure::Kind::kHost ? Cause::kHost : Cause::kMachineStart,
          failure.message};
}

Result<void> write_command(const fs::path& folder, const MachineFacts& machine) {
  return write_file(folder / "command.txt", shell_quote(machine.argv) + "\n");
}

// A kill may come before a journal's first line is whole: then there is nothing to go on with.
bool was_begun(const fs::path& journal) {
  const auto text = read_file(journal);
  return fs::exists(journal) && (!text || text->find('\n') != std::string::npos);
}

// Of a testcase in a round: "boot/hello@virt#3".
std::string id_in_round(const Testcase& testcase, unsigned round) {
  return round == 1 ? testcase.id : fmt::format("{}#{}", testcase.cell, round);
}

class Runner {
 public:
  Runner(const Plan& plan, const RunOptions& options, RunInfo info, const RunContext& context)
      : plan_(plan), options_(options), context_(context), report_(std::move(info), context.reporters) {}

  Result<RunEnd> run() {
    report_.info().planned = plan_.testcases.size();
    BOOTRIG_TRY_VOID(open_folder());
    build_images();
    report_.begin();
    for (RunResult& result : finished_before_) report_.finished(result);
    std::thread keeper([this] { keep_results(); });
    unsigned round = 1;
    do {
      run_round(round);
    } while (!stop_ && ++round <= options_.rounds);
    post(WorkersDone{});
    keeper.join();
    return finish();
  }

 private:
  Result<void> open_folder() {
    BOOTRIG_TRY_VOID(make_folders(options_.output));
    // A task that a scheduler took for dead and started again elsewhere may still be at work: one after the other. A file
    // system without locks cannot help here; then a result may come twice, and the first counts.
    if (!options_.plan_file.empty()) {
      if (auto lock = lock_file(options_.output / "lock")) lock_ = std::move(*lock);
    }
    const fs::path journal = options_.output / "journal.jsonl";
    if (options_.resume && was_begun(journal)) return take_over(journal);
    set_aside_cells();
    BOOTRIG_TRY_VOID(record_plan());
    BOOTRIG_TRY(journal_, Journal::create(journal, fingerprint()));
    return {};
  }

  std::string fingerprint() const {
    std::vector<std::string> ids;
    for (const Testcase& testcase : plan_.testcases) ids.push_back(testcase.id);
    return plan_fingerprint(std::move(ids));
  }

  Result<void> record_plan() {
    PlanRecord record = plan_record(options_.plan_file.empty() ? plan_ : Plan{}, report_.info(),
                                    {options_.repeat_options, options_.repeat_settings});
    record.shard = plan_.shard;
    record.shards = plan_.shards;
    return write_plan_record(options_.output, record, options_.plan_file);
  }

  // The cells of an earlier run are deleted when this one is over: a file system that has just deleted a thousand files
  // is slow to make new ones (ext4 passes over an inode for five seconds).
  void set_aside_cells() {
    std::error_code error;
    const fs::path cells = options_.output / "cells";
    old_cells_ = options_.output / "cells.old";
    fs::remove_all(old_cells_, error);
    fs::rename(cells, old_cells_, error);
    fs::remove_all(cells, error);
  }

  Result<void> take_over(const fs::path& journal) {
    BOOTRIG_TRY(JournalContents contents, read_journal(journal));
    if (contents.fingerprint != fingerprint()) {
      return fail(journal.string(),
                  "is of a run of other testcases; resume it with the selection it was begun with, "
                  "or leave --resume away to begin anew");
    }
    finished_before_ = std::move(contents.results);
    for (RunResult& result : finished_before_) {
      done_.insert(result.id);
      if (ends_the_run(result)) stop_ = true;
      if (gates(result.standing)) restore_transcript(options_.output, result);
    }
    BOOTRIG_TRY(journal_, Journal::reopen(journal));
    return {};
  }

  // Only for testcases that will be booted: a KVM cell on a host without KVM needs no image.
  void build_images() {
    std::vector<ImageRequest> requests;
    std::vector<std::size_t> owners;
    images_.resize(plan_.testcases.size());
    for (std::size_t i = 0; i < plan_.testcases.size(); ++i) {
      const Testcase& testcase = plan_.testcases[i];
      const bool done = options_.rounds == 1 && done_.contains(testcase.id);
      if (testcase.skip || done || context_.machines.unavailable(testcase.target.machine)) {
        continue;
      }
      requests.push_back({testcase.scenario->image, testcase.scenario->parameters, testcase.target.machine});
      owners.push_back(i);
    }
    std::vector<ImageResult> built = context_.images.build(requests);
    if (std::ranges::any_of(built, [](const ImageResult& image) { return !image; })) (void)ends_now();
    for (std::size_t i = 0; i < owners.size(); ++i) images_[owners[i]] = std::move(built[i]);
  }

  void run_round(unsigned round) {
    planned_ += plan_.testcases.size();
    if (stop_) return;  // the run that is resumed had ended already
    std::vector<JobCost> jobs;
    std::vector<std::size_t> owners;
    for (std::size_t i = 0; i < plan_.testcases.size(); ++i) {
      if (done_.contains(id_in_round(plan_.testcases[i], round))) continue;
      const MachineSpec& machine = plan_.testcases[i].target.machine;
      jobs.push_back({machine.cpus, machine.memory});
      if (!plan_.testcases[i].skip) jobs.back().places = context_.machines.hosts_for(machine);
      owners.push_back(i);
    }
    hosts_ = context_.machines.hosts();
    std::vector<Capacity> places{options_.capacity};
    for (std::size_t i = 1; i < hosts_.size(); ++i) places.push_back({hosts_[i].cores, hosts_[i].memory});
    run_jobs(jobs, places, [&](std::size_t job, std::size_t host) { return run_testcase(owners[job], round, host); });
  }

  // On the host with that index. False: begin no further testcase.
  bool run_testcase(std::size_t index, unsigned round, std::size_t host) {
    if (context_.interrupt.raised()) return !(stop_ = true);
    const Testcase& testcase = plan_.testcases[index];
    RunResult result = describe(testcase, index, round);
    post(result.id);
    const TimePoint begin = context_.clock.now();
    const std::shared_future<Findings> looked = look_at_image(testcase, index);
    unsigned attempt = 0;
    do {
      if (!run_attempt(testcase, index, host, ++attempt, looked, result)) return !(stop_ = true);
      const bool passed_after_retry = attempt > 1 && result.verdict.kind == VerdictKind::kPass;
      result.standing = stand(result.verdict, result.expected_failure, testcase.quarantined, passed_after_retry);
    } while (gates(result.standing) && attempt <= options_.retries);
    if (wants_recheck(testcase, result) && !recheck(testcase, index, host, looked, result)) return !(stop_ = true);
    if (looked.valid()) result.findings = looked.get();
    result.duration = context_.clock.now() - begin;
    const bool last = ends_the_run(result);
    post(std::move(result));
    return !(last && (stop_ = true)) && !stop_;
  }

  bool ends_the_run(const RunResult& result) const {
    return (options_.fail_fast || options_.rounds > 1) && gates(result.standing);
  }

  RunResult describe(const Testcase& testcase, std::size_t index, unsigned round) const {
    RunResult result = describe_testcase(testcase, {options_.repeat_options, options_.repeat_settings});
    result.id = id_in_round(testcase, round);
    if (images_[index] && *images_[index]) {
      result.image_sha256 = (**images_[index]).sha256;
      result.image_files = (**images_[index]).booted;
    }
    result.started_at_ms = unix_time_ms();
    return result;
  }

  // Beside the boot. Invalid: there is nothing to look at.
  std::shared_future<Findings> look_at_image(const Testcase& testcase, std::size_t index) {
    if (context_.preflight == nullptr || !images_[index] || !*images_[index]) return {};
    return context_.preflight->begin(**images_[index], testcase.target_id, testcase.target.machine);
  }

  // One power-on. False: interrupted, there is nothing to judge.
  bool run_attempt(const Testcase& testcase, std::size_t index, std::size_t host, unsigned number,
                   const std::shared_future<Findings>& looked, RunResult& result) {
    TranscriptFile transcript;
    const fs::path folder = cell_folder(testcase.scenario->name, result.id) / fmt::format("attempt-{}", number);
    auto attempt = make_attempt(testcase, index, host, folder, looked, transcript);
    if (!attempt) return false;
    // One that could not be made takes nothing back: a board that was given up stays an error.
    if (number > 1 && attempt->verdict.kind == VerdictKind::kSkip) return true;
    result.verdict = attempt->verdict;
    if (attempt->outcome.subtests) result.subtests = attempt->outcome.subtests->subtests;
    if (attempt->verdict.kind != VerdictKind::kPass && attempt->outcome.bytes > 0)
      result.transcript = transcript.excerpt();
    result.attempts.push_back(*std::move(attempt));
    return true;
  }

  // KVM and boards keep time of their own, and a machine that is deterministic already has nothing more to tell.
  bool wants_recheck(const Testcase& testcase, const RunResult& result) const {
    const MachineSpec& machine = testcase.target.machine;
    return options_.recheck && machine_value(machine, "accelerator") == "tcg" && !machine.deterministic &&
           result.verdict.kind == VerdictKind::kFail && result.standing != Standing::kExpectedFailure;
  }

  // The failure once more without the host's timing. False: interrupted.
  bool recheck(const Testcase& testcase, std::size_t index, std::size_t host,
               const std::shared_future<Findings>& looked, RunResult& result) {
    Testcase again = testcase;
    again.target.machine.deterministic = true;
    TranscriptFile transcript;
    result.recheck = make_attempt(again, index, host, cell_folder(testcase.scenario->name, result.id) / "recheck",
                                  looked, transcript);
    return result.recheck.has_value();
  }

  // `relative`: the attempt's folder in the run's. None: interrupted.
  std::optional<Attempt> make_attempt(const Testcase& testcase, std::size_t index, std::size_t host,
                                      const fs::path& relative, const std::shared_future<Findings>& looked,
                                      TranscriptFile& transcript) {
    const fs::path folder = options_.output / relative;
    Attempt attempt;
    attempt.outcome = not_started({});
    auto prepared = prepare(testcase, index, folder);
    if (prepared && options_.strict_preflight && !testcase.expected_failure && looked.valid()) {
      if (auto refused = preflight_verdict(looked.get())) prepared = std::unexpected(*std::move(refused));
    }
    if (!prepared) {
      attempt.outcome = not_started(prepared.error());
    } else if (auto file = make_transcript(folder); !file) {
      attempt.outcome = not_started({VerdictKind::kError, Cause::kHost, to_text(file.error())});
    } else {
      transcript = std::move(*file);
      attempt.folder = relative;
      boot(testcase, **prepared, host, folder, transcript, attempt);
    }
    if (attempt.outcome.termination == Termination::kInterrupted) return std::nullopt;
    attempt.verdict = judge(attempt.outcome, testcase.scenario->ending);
    if (may_be_of_our_end(attempt) && ends_now()) return std::nullopt;
    if (attempt.diagnosis && attempt.diagnosis->cause) attempt.verdict.root_cause = attempt.diagnosis->cause->name;
    if (attempt.diagnosis && looked.valid()) add_evidence(looked.get(), *attempt.diagnosis);
    if (auto written = keep_attempt(folder, attempt, transcript); !written) {
      attempt.verdict = {VerdictKind::kError, Cause::kHost, to_text(written.error())};
    }
    return attempt;
  }

  // A signal for all of a batch system's task, or of a service, ends QEMU and the build, too, and may reach them first:
  // what they say then is no result.
  static bool may_be_of_our_end(const Attempt& attempt) {
    const Cause cause = attempt.verdict.cause;
    return cause == Cause::kHost || cause == Cause::kMachineStart;
  }
  bool ends_now() const {
    pollfd raised{context_.interrupt.descriptor(), POLLIN, 0};
    // The signal itself may interrupt the wait.
    (void)::poll(&raised, 1, static_cast<int>(kSignalSpread / std::chrono::milliseconds(1)));
    return context_.interrupt.raised();
  }

  // The image to boot, or the verdict that stands in the way.
  std::expected<const Image*, Verdict> prepare(const Testcase& testcase, std::size_t index, const fs::path& folder) {
    if (testcase.skip) return std::unexpected(Verdict{VerdictKind::kSkip, Cause::kNone, *testcase.skip});
    if (const auto why = context_.machines.unavailable(testcase.target.machine)) {
      return std::unexpected(Verdict{VerdictKind::kSkip, Cause::kNone, *why});
    }
    const std::optional<ImageResult>& image = images_[index];
    if (image && *image) return &**image;
    if (!image) return std::unexpected(Verdict{VerdictKind::kError, Cause::kInternal, "the image was not asked for"});
    if (!image->error().log.empty() && make_folders(folder)) {
      (void)write_file(folder / "build.log", image->error().log);
    }
    return std::unexpected(image_verdict(image->error()));
  }

  static Result<TranscriptFile> make_transcript(const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);
    BOOTRIG_TRY_VOID(make_folders(folder));
    return TranscriptFile::create(folder);
  }

  // A host for which time limits are stretched is slow to answer about a stopped machine, too.
  MachineRequest request(const Testcase& testcase, const Image& image, std::size_t host) const {
    return {testcase.target.machine, boot_image(image), host, options_.timeout_multiplier};
  }

  // Boots, and keeps the machine until a failure has been looked at.
  void boot(const Testcase& testcase, const Image& image, std::size_t host, const fs::path& folder,
            TranscriptFile& transcript, Attempt& attempt) {
    auto machine = context_.machines.start(request(testcase, image, host));
    if (!machine) {
      attempt.outcome = not_started(start_verdict(machine.error()));
      if (context_.interrupt.raised()) attempt.outcome.termination = Termination::kInterrupted;
      return;
    }
    if (auto written = write_command(folder, (*machine)->facts()); !written) {
      attempt.outcome = not_started({VerdictKind::kError, Cause::kHost, to_text(written.error())});
      return;
    }
    SessionOptions session;
    session.silence_ends = options_.silence_ends;
    if (host == 0) session.host = [] { return read_host_state(); };
    session.timeout_multiplier =
        options_.timeout_multiplier * testcase.target.timeout_multiplier * hosts_[host].time_scale;
    attempt.outcome = run_session(**machine, *testcase.scenario, session, context_.clock, transcript);
    attempt.outcome.accelerator_asked = machine_value(testcase.target.machine, "accelerator");
    const bool failed = judge(attempt.outcome, testcase.scenario->ending).kind == VerdictKind::kFail;
    std::string console;
    std::optional<SoughtException> sought;
    if (failed && attempt.outcome.termination != Termination::kInterrupted && triaged_++ < options_.triage_limit) {
      console = image_console(read_file(folder / "transcript.raw").value_or(""), attempt.outcome);
      attempt.diagnosis =
          triage_machine(**machine, testcase.target.machine, image, console,
                         {stopped_for(attempt.outcome.termination), attempt.outcome.wall - attempt.outcome.last_output},
                         nullptr, &sought);
    }
    (*machine)->stop();
    attempt.outcome.machine = (*machine)->facts();
    if (host > 0) attempt.outcome.machine.host = hosts_[host].name;
    attempt.outcome.machine.time_scale = hosts_[host].time_scale;
    if (!options_.triage_rerun || !attempt.diagnosis || context_.interrupt.raised()) return;
    rerun_to_exception({.machines = context_.machines,
                        .clock = context_.clock,
                        .machine = request(testcase, image, host),
                        .image = image,
                        .transcript = console,
                        .stopped_for = stopped_for(attempt.outcome.termination),
                        .sought = sought,
                        .first = attempt.outcome.wall,
                        .limit = scaled(testcase.scenario->timeouts.overall, session.timeout_multiplier),
                        .folder = folder / "rerun"},
                       *attempt.diagnosis);
  }

  static Result<void> keep_attempt(const fs::path& folder, Attempt& attempt, TranscriptFile& transcript) {
    if (attempt.folder.empty()) return {};
    BOOTRIG_TRY_VOID(transcript.close());
    BOOTRIG_TRY_VOID(hash_transcript(folder, attempt.outcome));
    return write_file(folder / "outcome.json", write_json(to_json(attempt.outcome), true) + "\n");
  }

  static Result<void> hash_transcript(const fs::path& folder, Outcome& outcome) {
    if (outcome.termination == Termination::kNotStarted) return {};
    outcome.transcript_hashed = deciding_bytes(outcome);
    BOOTRIG_TRY(outcome.transcript_sha256, sha256_file(folder / "transcript.raw", outcome.transcript_hashed));
    return {};
  }

  // What the workers tell the keeper: a testcase began (its id), it ended, no more will come.
  struct WorkersDone {};
  using News = std::variant<std::string, RunResult, WorkersDone>;

  void post(News news) {
    {
      const std::lock_guard lock(mutex_);
      news_.push_back(std::move(news));
    }
    changed_.notify_one();
  }

  // One thread writes the journal and tells the reporters, so that no machine waits for the disk. The journal first:
  // what is reported cannot be lost.
  void keep_results() {
    TimePoint synced = context_.clock.now();
    for (bool done = false; !done;) {
      std::vector<News> batch;
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kTick, [&] { return !news_.empty(); });
        batch.swap(news_);
      }
      write_journal(batch);
      for (News& news : batch) {
        if (const auto* id = std::get_if<std::string>(&news)) {
          report_.started(*id);
        } else if (const auto* result = std::get_if<RunResult>(&news)) {
          if (!trouble_) report_.finished(*result);
        } else {
          done = true;
        }
      }
      report_.tick();
      if (const TimePoint now = context_.clock.now(); done || now - synced >= kTick) {
        sync_journal();
        synced = now;
      }
    }
  }

  void write_journal(const std::vector<News>& batch) {
    std::vector<const RunResult*> results;
    for (const News& news : batch) {
      if (const auto* result = std::get_if<RunResult>(&news)) results.push_back(result);
    }
    if (!results.empty() && !trouble_) note_trouble(journal_.append(results));
  }

  void sync_journal() {
    if (!trouble_) note_trouble(journal_.sync());
  }

  void note_trouble(const Result<void>& kept) {
    if (kept) return;
    trouble_ = kept.error();
    stop_ = true;
  }

  Result<RunEnd> finish() {
    auto end = report_.end(planned_, context_.interrupt.raised());
    std::error_code ignored;
    if (!old_cells_.empty()) fs::remove_all(old_cells_, ignored);
    if (trouble_) return std::unexpected(*trouble_);
    return end;
  }

  const Plan& plan_;
  const RunOptions& options_;
  const RunContext& context_;
  RunReport report_;
  Journal journal_;
  ScopedFd lock_;  // of the run's folder, where several processes may be sent to it
  std::vector<MachineHost> hosts_;
  fs::path old_cells_;  // of an earlier run; empty: there is none
  std::vector<RunResult> finished_before_;
  std::set<std::string> done_;
  std::vector<std::optional<ImageResult>> images_;
  std::mutex mutex_;  // news_
  std::condition_variable changed_;
  std::vector<News> news_;
  std::atomic<bool> stop_ = false;
  std::atomic<unsigned> triaged_ = 0;
  std::optional<Error> trouble_;
  std::size_t planned_ = 0;  // testcases of the rounds begun
};

}  // namespace

Result<RunEnd> run_plan(const Plan& plan, const RunOptions& options, RunInfo info, const RunContext& context) {
  return Runner(plan, options, std::move(info), context).run();
}

}  // namespace bootrig
