#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>

#include "base/check.h"
#include "machine/board_machine.h"
#include "machine/host_choice.h"
#include "machine/kvm_host.h"
#include "machine/machine.h"
#include "machine/qemu_machine.h"
#include "machine/ssh_host.h"

namespace bootrig {
namespace {

// Of what machines are started with.
struct Surroundings {
  ProcessLauncher& launcher;
  const Clock& clock;
  const Interrupt& interrupt;
  std::filesystem::path agent;  // of this host; empty: there is none
};

// Of a run: a place of its own, where one session at a time runs.
struct Board {
  std::string name;
  std::filesystem::path lock;  // by which it is known: several targets may be one board
  std::shared_ptr<BoardState> state;
};

// One kind of machine. Another kind is another row.
struct Kind {
  MachineKind kind;
  std::optional<std::string> (*unavailable)(const Surroundings&, const MachineSpec&);
  std::vector<std::string> (*command)(const MachineRequest&);
  std::expected<std::unique_ptr<Machine>, StartFailure> (*start)(const Surroundings&, const MachineRequest&,
                                                                 const Board&);
};

constexpr std::array kKinds{
    Kind{MachineKind::kQemu,
         [](const Surroundings& s, const MachineSpec& machine) -> std::optional<std::string> {
           if (machine.accelerator != Accelerator::kKvm) return std::nullopt;  // asking the host takes time
           return kvm_unavailable(this_kvm_host(s.launcher), machine);
         },
         [](const MachineRequest& request) { return qemu_arguments(request.machine, request.image); },
         [](const Surroundings& s, const MachineRequest& request, const Board&) {
           return start_qemu(s.launcher, s.clock, s.interrupt, request);
         }},
    Kind{MachineKind::kBoard,
         [](const Surroundings&, const MachineSpec&) -> std::optional<std::string> { return std::nullopt; },
         [](const MachineRequest& request) { return board_command(request); },
         [](const Surroundings& s, const MachineRequest& request, const Board& board) {
           return start_board(s.launcher, s.clock, s.interrupt, request, board.state, s.agent);
         }},
};

const Kind& find_kind(MachineKind kind) {
  for (const Kind& row : kKinds) {
    if (row.kind == kind) return row;
  }
  CHECK(!"a kind of machine has no row");
  return kKinds[0];
}

class RealMachineFactory final : public MachineFactory {
 public:
  RealMachineFactory(Surroundings surroundings, OtherHosts others)
      : surroundings_(surroundings), others_(std::move(others), surroundings.launcher) {}

  std::optional<std::string> unavailable(const MachineSpec& machine) override {
    return machine.board ? std::nullopt : choose(machine).skip;
  }

  std::optional<std::string> trouble(const MachineSpec& machine) override {
    return machine.board ? std::nullopt : choose(machine).trouble;
  }

  // The boards stand behind the hosts, as they were first asked for.
  std::vector<MachineHost> hosts() override {
    const std::lock_guard lock(mutex_);
    std::vector<MachineHost> all = others_.hosts();
    for (const Board& board : boards_) all.push_back({.name = board.name});
    return all;
  }

  std::vector<std::size_t> hosts_for(const MachineSpec& machine) override {
    if (machine.board) {
      const std::lock_guard lock(mutex_);
      return {others_.hosts().size() + board_index(*machine.board)};
    }
    const HostChoice::Choice choice = choose(machine);
    return choice.hosts.empty() ? std::vector<std::size_t>{0} : choice.hosts;
  }

  std::vector<std::string> command(const MachineRequest& request) override {
    return find_kind(request.machine.kind).command(request);
  }

  std::string note(const MachineSpec& machine) override { return machine.board ? board_note(*machine.board) : ""; }

  std::expected<std::unique_ptr<Machine>, StartFailure> start(const MachineRequest& request) override {
    if (request.machine.board) {
      return find_kind(request.machine.kind).start(surroundings_, request, board_of(*request.machine.board));
    }
    const HostChoice::Choice choice = choose(request.machine);
    if (choice.skip) return std::unexpected(StartFailure{StartFailure::Kind::kUnavailable, *choice.skip});
    if (choice.trouble) return std::unexpected(StartFailure{StartFailure::Kind::kHost, *choice.trouble});
    // Who does not choose among the hosts gets the first.
    MachineRequest there = request;
    if (std::ranges::find(choice.hosts, request.host) == choice.hosts.end()) there.host = choice.hosts.front();
    if (there.host > 0) return others_.start(surroundings_.clock, surroundings_.interrupt, there);
    return find_kind(request.machine.kind).start(surroundings_, request, {});
  }

 private:
  HostChoice::Choice choose(const MachineSpec& machine) {
    const std::lock_guard lock(mutex_);
    const auto key =
        std::tuple(machine.kind, machine.accelerator, machine.level, machine.gic, machine.qemu, machine.host);
    auto known = answers_.find(key);
    if (known == answers_.end()) {
      const auto here = find_kind(machine.kind).unavailable(surroundings_, machine);
      known = answers_.emplace(key, others_.choose(machine, here)).first;
    }
    return known->second;
  }

  // With the lock held.
  std::size_t board_index(const BoardSpec& board) {
    const auto known = std::ranges::find(boards_, board.lease.lock, &Board::lock);
    if (known != boards_.end()) return static_cast<std::size_t>(known - boards_.begin());
    boards_.push_back({board.name, board.lease.lock, std::make_shared<BoardState>()});
    return boards_.size() - 1;
  }

  Board board_of(const BoardSpec& board) {
    const std::lock_guard lock(mutex_);
    return boards_[board_index(board)];
  }

  Surroundings surroundings_;
  HostChoice others_;
  std::vector<Board> boards_;
  std::mutex mutex_;
  // By the keys that an answer may depend on.
  std::map<std::tuple<MachineKind, Accelerator, unsigned, unsigned, std::string, std::string>, HostChoice::Choice>
      answers_;
};

}  // namespace

std::unique_ptr<MachineFactory> make_machine_factory(ProcessLauncher& launcher, const Clock& clock,
                                                     const Interrupt& interrupt, OtherHosts others) {
  const auto agent = others.agents.empty() ? std::filesystem::path() : agent_here(others.agents);
  return std::make_unique<RealMachineFactory>(Surroundings{launcher, clock, interrupt, agent}, std::move(others));
}

}  // namespace bootrig
