// SshHost: another computer that runs machines, over the user's own ssh. It is reached when it is first asked for: one
// shared connection for the run, the agent copied by its hash, the host probed once, twice where ssh died on the way. What
// went wrong then is said each time. Several threads may use it at once.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "machine/host_facts.h"
#include "machine/relayed_process.h"
#include "process/launcher.h"

namespace bootrig {

// This host's agent in the folder of the agents, which are named as uname -m names an architecture.
std::filesystem::path agent_here(const std::filesystem::path& agents);

class SshHost final : public FilesThere {
 public:
  // `agents`: the folder with an agent for each architecture. The launcher outlives it.
  SshHost(HostSpec spec, std::filesystem::path agents, ProcessLauncher& launcher);
  ~SshHost() override;

  const HostSpec& spec() const { return spec_; }
  // Errors say what was tried.
  Result<HostFacts> facts();
  bool was_asked();  // whether facts() is known without asking the host
  // The file's path over there; it is copied unless one with its hash is there already. Only once facts() are known.
  Result<std::string> copy(const std::filesystem::path& file);
  // Starts `argv` over there in the place of a QEMU that `here` would start, with the same descriptors. The child
  // is the relay; its status and starved time are those of the program over there.
  Result<std::unique_ptr<ChildProcess>> launch(const std::vector<std::string>& argv, const LaunchSpec& here);

  Result<std::string> new_name() override;
  Result<std::string> take(const std::string& name, std::size_t limit) override;
  Result<void> forward(const std::filesystem::path& socket, const std::string& name) override;

 private:
  struct Master;
  Result<HostFacts> connect();
  Result<void> open_master();
  Result<std::string> run(const std::string& command, int input, Duration limit);
  Result<std::string> put(const std::filesystem::path& file);
  std::vector<std::string> ssh_words() const;
  Duration scaled(Duration duration) const;
  std::unexpected<Error> refuse(std::string_view what, std::string_view why) const;

  HostSpec spec_;
  std::filesystem::path agents_;
  ProcessLauncher& launcher_;
  std::mutex mutex_;
  std::unique_ptr<Master> master_;
  std::optional<Result<HostFacts>> facts_;
  bool ssh_died_ = false;                      // the last thing that went wrong: not a word of the host's
  std::string agent_;                          // its path over there
  std::map<std::string, std::string> copied_;  // by our path, size and time: the path over there
};

}  // namespace bootrig
