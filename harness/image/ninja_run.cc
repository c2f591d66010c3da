#include "image/ninja_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace bootrig {
namespace {

// Before each of ninja's own status lines. Ours, so that no compiler's line is taken for one.
constexpr std::string_view kStatus = "[bootrig ";
constexpr std::string_view kFailed = "FAILED: ";
constexpr std::string_view kNinja = "ninja: ";

constexpr int kLockDescriptor = 3;  // in ninja and its children, who neither know nor use it

constexpr std::size_t kLogLimit = 64 * 1024;
constexpr std::size_t kLineLimit = 1024 * 1024;  // a command line of ninja's is 64 KiB at most

std::vector<std::string> ninja_command(unsigned jobs, std::initializer_list<std::string> more = {}) {
  std::vector<std::string> words{"env"};
  // Each of these changes what gcc finds or prints, and none is in a recipe.
  for (const char* name : {"CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "GCC_COLORS",
                           "DEPENDENCIES_OUTPUT"}) {
    words.insert(words.end(), {"-u", name});
  }
  words.insert(words.end(), {"LC_ALL=C", "SOURCE_DATE_EPOCH=0", fmt::format("NINJA_STATUS={}%f/%t] ", kStatus)});
  words.insert(words.end(), {"ninja", "-k", "0"});
  if (jobs > 0) words.insert(words.end(), {"-j", fmt::format("{}", jobs)});
  words.insert(words.end(), more);
  return words;
}

enum class Reading { kEnd, kDeadline, kInterrupted };

// Reads until the end, the deadline, or an interruption. `interrupt` may be -1.
Reading read_to_end(int fd, int interrupt, NinjaOutput& output, Deadline deadline, const Clock& clock) {
  std::array<char, 16384> chunk;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining(clock.now())).count();
    if (left == 0) return Reading::kDeadline;
    std::array<pollfd, 2> waiting{{{fd, POLLIN, 0}, {interrupt, POLLIN, 0}}};
    const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready <= 0) continue;
    if (waiting[1].revents != 0) return Reading::kInterrupted;
    const ssize_t count = ::read(fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Reading::kEnd;
    output.feed({chunk.data(), static_cast<std::size_t>(count)});
  }
}

bool contains_any(std::string_view line, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return line.find(word) != std::string_view::npos; });
}

struct Started {
  std::unique_ptr<ChildProcess> child;
  ScopedFd reader;  // of what it prints
};

Result<Started> start_ninja(ProcessLauncher& launcher, std::vector<std::string> command,
                            const std::filesystem::path& folder, int lock) {
  if (!program_exists("ninja")) return fail("ninja is not installed (Debian package ninja-build)");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  ScopedFd reader(ends[0]);
  const ScopedFd writer(ends[1]);
  LaunchSpec spec{.argv = std::move(command), .folder = folder, .output = writer.get(), .errors = writer.get()};
  if (lock >= 0) spec.inherited = {{lock, kLockDescriptor}};
  BOOTRIG_TRY(std::unique_ptr<ChildProcess> child, launcher.launch(spec));
  return Started{std::move(child), std::move(reader)};
}

}  // namespace

NinjaLook::NinjaLook(ProcessLauncher& launcher, const std::filesystem::path& folder, int lock) {
  std::error_code error;
  if (!std::filesystem::exists(folder / "build.ninja", error)) return;
  auto started = start_ninja(launcher, ninja_command(0, {"-n"}), folder, lock);
  if (!started) return;
  child_ = std::move(started->child);
  reader_ = std::move(started->reader);
}

bool NinjaLook::nothing_to_do() {
  if (!child_) return false;
  const SteadyClock clock;
  const Deadline deadline = Deadline::after(clock.now(), kLimit);
  const BuildProgress none;
  NinjaOutput output(none);
  NinjaRun run;
  const bool ended = read_to_end(reader_.get(), -1, output, deadline, clock) == Reading::kEnd;
  const auto status = ended ? child_->wait(deadline) : std::nullopt;
  output.finish(run);
  child_.reset();
  return status && status->code == 0 && run.commands == 0 && run.last_words == "ninja: no work to do.";
}

void NinjaOutput::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      line(unfinished_);
      unfinished_.clear();
    } else if (unfinished_.size() < kLineLimit) {
      unfinished_ += c;
    }
  }
}

void NinjaOutput::line(std::string_view line) {
  if (line.starts_with(kStatus)) {
    in_failure_ = false;
    ++commands_;
    int done = 0, total = 0;
    const std::size_t end = line.find("] ");
    if (!progress_ || end == std::string_view::npos) return;
    const std::string_view counts = line.substr(kStatus.size(), end - kStatus.size());
    const auto first = std::from_chars(counts.data(), counts.data() + counts.size(), done);
    if (first.ptr == counts.data() + counts.size()) return;
    std::from_chars(first.ptr + 1, counts.data() + counts.size(), total);
    progress_(done, total, std::string(line.substr(end + 2)));
  } else if (line.starts_with(kFailed)) {
    failures_.push_back({std::string(trim(line.substr(kFailed.size()))), ""});
    in_failure_ = true;
  } else if (line.starts_with(kNinja)) {
    in_failure_ = false;
    last_words_.append(last_words_.empty() ? "" : "\n").append(line);
  } else if (in_failure_) {
    std::string& log = failures_.back().log;
    const std::size_t room = kLogLimit - log.size();
    if (room > 0) log.append(line.substr(0, room - 1)).append("\n");
  } else if (last_words_.size() < kLogLimit) {
    last_words_.append(last_words_.empty() ? "" : "\n").append(line);
  }
}

void NinjaOutput::finish(NinjaRun& run) {
  if (!unfinished_.empty()) line(unfinished_);
  run.failures = std::move(failures_);
  run.last_words = std::move(last_words_);
  run.commands = commands_;
}

Result<NinjaRun> run_ninja(ProcessLauncher& launcher, const std::filesystem::path& folder,
                           const NinjaOptions& options) {
  BOOTRIG_TRY(const auto started, start_ninja(launcher, ninja_command(options.jobs), folder, options.lock));
  const auto& [child, reader] = started;
  const SteadyClock clock;
  const Deadline deadline = Deadline::after(clock.now(), options.limit);
  NinjaRun run;
  NinjaOutput output(options.progress);
  const Reading reading = read_to_end(reader.get(), options.interrupt, output, deadline, clock);
  run.timed_out = reading == Reading::kDeadline;
  run.interrupted = reading == Reading::kInterrupted;
  // Ninja ends its own children on SIGTERM, and removes what they have half written.
  const auto ended = reading == Reading::kEnd ? child->wait(deadline) : std::nullopt;
  run.status = ended ? *ended : child->terminate(std::chrono::seconds(5));
  run.timed_out = run.timed_out || (!ended && !run.interrupted);
  output.finish(run);
  return run;
}

std::string first_error_line(std::string_view log) {
  std::vector<std::string_view> lines = split_lines(log);
  if (!lines.empty()) lines.erase(lines.begin());  // the command
  for (const std::string_view line : lines) {
    // The compiler driver repeats that its linker failed; the linker itself says why.
    if (line.starts_with("collect2: ")) continue;
    if (contains_any(line, {"error: ", "Error: ", "undefined reference to", "multiple definition of", "overflowed by",
                            "will not fit in region", "cannot find ", "cannot open ", "No such file"})) {
      return std::string(trim(line));
    }
  }
  const auto printed = std::ranges::find_if(lines, [](std::string_view line) { return !trim(line).empty(); });
  return printed == lines.end() ? "the command failed and printed nothing" : std::string(trim(*printed));
}

std::filesystem::path find_program(const std::string& program) {
  const auto executable = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
  };
  if (program.find('/') != std::string::npos) return executable(program) ? program : "";
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "" : path, ':')) {
    const std::string file = (folder.empty() ? "." : std::string(folder)) + "/" + program;
    if (executable(file)) return file;
  }
  return {};
}

bool program_exists(const std::string& program) {
  return !find_program(program).empty();
}

}  // namespace bootrig
