#include <array>
#include <map>
#include <mutex>
#include <tuple>

#include "base/check.h"
#include "machine/kvm_host.h"
#include "machine/machine.h"
#include "machine/qemu_machine.h"

namespace bootrig {
namespace {

// Of what machines are started with.
struct Surroundings {
  ProcessLauncher& launcher;
  const Clock& clock;
  const Interrupt& interrupt;
};

// One kind of machine. Another kind is another row.
struct Kind {
  MachineKind kind;
  std::optional<std::string> (*unavailable)(const Surroundings&, const MachineSpec&);
  std::vector<std::string> (*command)(const MachineRequest&);
  std::expected<std::unique_ptr<Machine>, StartFailure> (*start)(const Surroundings&, const MachineRequest&);
};

constexpr std::array kKinds{
    Kind{MachineKind::kQemu,
         [](const Surroundings& s, const MachineSpec& machine) {
           return kvm_unavailable(this_kvm_host(s.launcher), machine);
         },
         [](const MachineRequest& request) { return qemu_arguments(request.machine, request.image); },
         [](const Surroundings& s, const MachineRequest& request) {
           return start_qemu(s.launcher, s.clock, s.interrupt, request);
         }},
};

const Kind& find_kind(MachineKind kind) {
  for (const Kind& row : kKinds) {
    if (row.kind == kind) return row;
  }
  CHECK(!"a kind of machine has no row");
  return kKinds[0];
}

class LocalMachineFactory final : public MachineFactory {
 public:
  explicit LocalMachineFactory(Surroundings surroundings) : surroundings_(surroundings) {}

  std::optional<std::string> unavailable(const MachineSpec& machine) override {
    const std::lock_guard lock(mutex_);
    const auto key = std::tuple(machine.kind, machine.accelerator, machine.level, machine.qemu);
    auto known = answers_.find(key);
    if (known == answers_.end()) {
      known = answers_.emplace(key, find_kind(machine.kind).unavailable(surroundings_, machine)).first;
    }
    return known->second;
  }

  std::vector<std::string> command(const MachineRequest& request) override {
    return find_kind(request.machine.kind).command(request);
  }

  std::expected<std::unique_ptr<Machine>, StartFailure> start(const MachineRequest& request) override {
    if (auto reason = unavailable(request.machine)) {
      return std::unexpected(StartFailure{StartFailure::Kind::kUnavailable, std::move(*reason)});
    }
    return find_kind(request.machine.kind).start(surroundings_, request);
  }

 private:
  Surroundings surroundings_;
  std::mutex mutex_;
  // By the keys that an answer may depend on.
  std::map<std::tuple<MachineKind, Accelerator, unsigned, std::string>, std::optional<std::string>> answers_;
};

}  // namespace

std::unique_ptr<MachineFactory> make_machine_factory(ProcessLauncher& launcher, const Clock& clock,
                                                     const Interrupt& interrupt) {
  return std::make_unique<LocalMachineFactory>(Surroundings{launcher, clock, interrupt});
}

}  // namespace bootrig
