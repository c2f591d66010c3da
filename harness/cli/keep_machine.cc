#include "cli/keep_machine.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <variant>

#include "base/private_folder.h"
#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// How often the end of input is looked for while the machine's own events are awaited.
constexpr Duration kLookAtInput = 100ms;

std::string gdb_command(const fs::path& socket, const std::vector<fs::path>& symbols) {
  std::vector<std::string> argv{"gdb-multiarch", "-ex", "target remote " + socket.string()};
  for (std::size_t i = 1; i < symbols.size(); ++i) {
    argv.insert(argv.end(), {"-ex", "add-symbol-file " + symbols[i].string()});
  }
  if (!symbols.empty()) argv.push_back(symbols.front().string());
  return shell_quote(argv);
}

// Reads what is typed, for nobody. `wait`: until there is something, or the interrupt.
bool input_ended(const Interrupt& interrupt, bool wait) {
  pollfd watched[] = {{STDIN_FILENO, POLLIN, 0}, {interrupt.descriptor(), POLLIN, 0}};
  if (::poll(watched, 2, wait ? -1 : 0) <= 0) return false;
  char bytes[256];
  return watched[0].revents != 0 && ::read(STDIN_FILENO, bytes, sizeof bytes) <= 0;
}

}  // namespace

Result<void> keep_machine(Machine& machine, const std::vector<fs::path>& symbols, const Clock& clock,
                          const Interrupt& interrupt) {
  // Who may open the socket may read and write the guest. Not $TMPDIR: a socket's path must be short.
  BOOTRIG_TRY(const PrivateFolder folder, PrivateFolder::make("/tmp"));
  const fs::path socket = folder.path() / "gdb";
  if (auto served = machine.serve_gdb(socket); !served) {
    return fail("the machine cannot be kept: " + to_text(served.error()));
  }
  fmt::print("bootrig: the machine is kept, paused, until Ctrl-C or the end of input\n  {}\n",
             gdb_command(socket, symbols));
  std::fflush(stdout);
  bool over = false;  // the machine has no more events; it can still be looked at
  while (!interrupt.raised() && !input_ended(interrupt, over)) {
    if (over) continue;
    const MachineEvent event = machine.next_event(Deadline::after(clock.now(), kLookAtInput));
    if (const auto* output = std::get_if<ConsoleOutput>(&event)) {
      std::fwrite(output->bytes.data(), 1, output->bytes.size(), stdout);
      std::fflush(stdout);
    }
    if (std::holds_alternative<MachineExited>(event)) return {};
    over = std::holds_alternative<GuestStopped>(event);
  }
  return {};
}

}  // namespace bootrig
