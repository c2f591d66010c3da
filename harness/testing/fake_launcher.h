// A launcher whose commands are a function of the test's: it is given the LaunchSpec and says what
// the command prints and how it ends. Records every spec. Output goes to the descriptor that the
// spec names, and must fit a pipe (64 KiB).
#pragma once

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "process/launcher.h"

namespace bootrig {

// Has ended before anybody asks.
class FakeChild final : public ChildProcess {
 public:
  explicit FakeChild(ExitStatus status) : status_(status) {}
  pid_t pid() const override { return 1; }
  int pidfd() const override { return -1; }
  std::optional<ExitStatus> wait(Deadline) override { return status_; }
  void signal(int) override {}
  ExitStatus terminate(Duration) override { return status_; }
  Duration starved() const override { return Duration::zero(); }

 private:
  ExitStatus status_;
};

struct FakeRun {
  std::string output;
  ExitStatus status{.code = 0};
};

class FakeLauncher final : public ProcessLauncher {
 public:
  using Behaviour = std::function<Result<FakeRun>(const LaunchSpec&)>;
  explicit FakeLauncher(Behaviour behaviour) : behaviour_(std::move(behaviour)) {}

  Result<std::unique_ptr<ChildProcess>> launch(const LaunchSpec& spec) override {
    launched_.push_back(spec);
    BOOTRIG_TRY(const FakeRun run, behaviour_(spec));
    if (spec.output >= 0) {
      CHECK(::write(spec.output, run.output.data(), run.output.size()) == static_cast<ssize_t>(run.output.size()));
    }
    return std::make_unique<FakeChild>(run.status);
  }

  const std::vector<LaunchSpec>& launched() const { return launched_; }

 private:
  Behaviour behaviour_;
  std::vector<LaunchSpec> launched_;
};

}  // namespace bootrig
