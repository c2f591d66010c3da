// HostChoice: which hosts a machine may run on, and starting it on another than this one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "machine/machine.h"
#include "machine/ssh_host.h"

namespace bootrig {

class HostChoice {
 public:
  HostChoice(OtherHosts others, ProcessLauncher& launcher);

  struct Choice {
    std::vector<std::size_t> hosts;      // 0: this one; empty: none
    std::optional<std::string> skip;     // why no host can
    std::optional<std::string> trouble;  // why it is not known whether one can: somebody has to look after it
  };
  // `here`: why this host cannot. Answers are kept: a host is asked once.
  Choice choose(const MachineSpec& machine, const std::optional<std::string>& here);
  std::vector<MachineHost> hosts();

  // The image goes there, QEMU is started there; to its machine it is as if it ran here.
  std::expected<std::unique_ptr<Machine>, StartFailure> start(const Clock& clock, const Interrupt& interrupt,
                                                              const MachineRequest& request);

 private:
  Choice choose_named(const MachineSpec& machine, const std::string& name);
  Choice choose_able(const MachineSpec& machine, const std::string& here);

  OtherHosts others_;
  std::vector<std::unique_ptr<SshHost>> hosts_;
};

}  // namespace bootrig
