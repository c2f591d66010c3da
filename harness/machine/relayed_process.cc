#include "machine/relayed_process.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/relay_status.h"
#include "base/text.h"

namespace bootrig {
namespace {

// Memory that a relay writes and we read.
class SharedStatus {
 public:
  static Result<SharedStatus> make() {
    SharedStatus shared;
    shared.file_.reset(::memfd_create("bootrig-relay", MFD_CLOEXEC));
    if (!shared.file_.valid() || ::ftruncate(shared.file_.get(), sizeof(RelayStatus)) != 0) {
      return fail(fmt::format("cannot make memory to share: {}", std::strerror(errno)));
    }
    void* memory = ::mmap(nullptr, sizeof(RelayStatus), PROT_READ | PROT_WRITE, MAP_SHARED, shared.file_.get(), 0);
    if (memory == MAP_FAILED) return fail(fmt::format("cannot map memory: {}", std::strerror(errno)));
    shared.status_ = static_cast<RelayStatus*>(memory);  // a new file is all zeros, as the first state is
    return shared;
  }
  SharedStatus(SharedStatus&& other) noexcept
      : file_(std::move(other.file_)), status_(std::exchange(other.status_, nullptr)) {}
  SharedStatus& operator=(SharedStatus&&) = delete;
  ~SharedStatus() {
    if (status_ != nullptr) ::munmap(status_, sizeof(RelayStatus));
  }

  int descriptor() const { return file_.get(); }
  const RelayStatus& operator*() const { return *status_; }

 private:
  SharedStatus() = default;
  ScopedFd file_;
  RelayStatus* status_ = nullptr;
};

class RelayedProcess final : public ChildProcess {
 public:
  RelayedProcess(std::unique_ptr<ChildProcess> relay, SharedStatus status, std::string host, FilesThere& files)
      : relay_(std::move(relay)),
        status_(std::move(status)),
        host_(std::move(host)),
        files_(files),
        begun_(SteadyClock().now()) {}

  pid_t pid() const override { return relay_->pid(); }
  int pidfd() const override { return relay_->pidfd(); }
  void signal(int number) override { relay_->signal(number); }
  ExitStatus terminate(Duration grace) override { return there(relay_->terminate(grace)); }

  std::optional<ExitStatus> wait(Deadline deadline) override {
    const auto ended = relay_->wait(deadline);
    return ended ? std::optional(there(*ended)) : std::nullopt;
  }

  Duration starved() const override {
    const RelayStatus& status = *status_;
    const Duration heard{static_cast<Duration::rep>(status.heard_at.load())};
    const Duration now = SteadyClock().now().time_since_epoch();
    const Duration silent = now - (heard == Duration::zero() ? begun_.time_since_epoch() : heard);
    return Duration(static_cast<Duration::rep>(status.starved.load())) + silent;
  }

  Result<std::string> take_file(const FileWriter& write, std::size_t limit) override {
    BOOTRIG_TRY(const std::string name, files_.new_name());
    BOOTRIG_TRY_VOID(write(name));
    return files_.take(name, limit);
  }

  Result<std::string> listen_for(const std::filesystem::path& socket) override {
    BOOTRIG_TRY(std::string name, files_.new_name());
    BOOTRIG_TRY_VOID(files_.forward(socket, name));
    return name;
  }

 private:
  // What became of the program, when the relay ended so.
  ExitStatus there(const ExitStatus& relay) const {
    const RelayStatus& status = *status_;
    switch (status.state.load()) {
      case RelayState::kEnded:
        return {.code = status.exit_code,
                .signal = status.exit_signal,
                .cpu_time = Duration(static_cast<Duration::rep>(status.cpu_time.load()))};
      case RelayState::kLost: {
        const std::string_view trouble(status.trouble.data(), ::strnlen(status.trouble.data(), status.trouble.size()));
        return {.lost = fmt::format("{} was lost: {}", host_, printable(trouble))};
      }
      default:
        return {.lost = fmt::format("{} was lost: the relay to it ended, {}", host_, relay.to_text())};
    }
  }

  std::unique_ptr<ChildProcess> relay_;
  SharedStatus status_;
  std::string host_;
  FilesThere& files_;
  TimePoint begun_;
};

}  // namespace

Result<std::unique_ptr<ChildProcess>> launch_relay(ProcessLauncher& launcher, LaunchSpec spec, std::string host,
                                                   FilesThere& files) {
  BOOTRIG_TRY(SharedStatus status, SharedStatus::make());
  spec.inherited.emplace_back(status.descriptor(), kStatusDescriptor);
  BOOTRIG_TRY(auto relay, launcher.launch(spec));
  return std::make_unique<RelayedProcess>(std::move(relay), std::move(status), std::move(host), files);
}

}  // namespace bootrig
