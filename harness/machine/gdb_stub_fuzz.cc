// A gdbstub that lies. The case is what it has said before it is asked, in order, on a real socket that is then closed:
// lines are payloads and are framed here, so that the case gets past checksums; a line that begins with '!' goes out raw.
// The first byte says whether a handshake goes before the case, and how soon time is up.
// seeds: harness/machine/fuzz_seeds/gdb_stub/*
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "base/text.h"
#include "machine/qemu_inspection.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

// Time passes by being asked for.
class RunningClock final : public Clock {
 public:
  TimePoint now() const override { return now_ += std::chrono::milliseconds(100); }

 private:
  mutable TimePoint now_{};
};

std::string fair_handshake() {
  std::string registers = "l<feature>";
  for (unsigned i = 0; i < 31; ++i) registers += fmt::format("<reg name=\"x{}\"/>", i);
  registers +=
      R"(<reg name="sp"/><reg name="pc"/><reg name="cpsr"/><reg name="SCTLR"/><reg name="ESR_EL1"/></feature>)";
  std::string said;
  for (const std::string_view payload :
       {std::string_view("PacketSize=1000;qXfer:features:read+"), std::string_view(), std::string_view(registers),
        std::string_view("mp1.1"), std::string_view("l"), std::string_view("OK")}) {
    said += "+" + gdb_packet(payload);
  }
  return said;
}

std::string words_of_peer(std::string_view lines) {
  std::string said;
  for (const std::string_view line : split_lines(lines)) {
    said += line.starts_with('!') ? std::string(line.substr(1)) : gdb_packet(line);
  }
  return said;
}

void look(QemuInspection& inspection, std::uint64_t address) {
  if (!inspection.attach()) return;
  if (const auto cpus = inspection.cpus()) CHECK(!cpus->empty());
  std::array<std::uint8_t, 48> bytes{};
  (void)inspection.read(address, bytes);
  (void)inspection.read(~std::uint64_t{0} - 8, bytes);
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  FuzzInput input(data, size);
  const unsigned shape = input.byte();
  std::string map(input.part());
  static const std::string handshake = fair_handshake();
  const std::string said = ((shape & 1) != 0 ? handshake : "") + words_of_peer(input.rest());

  std::array<int, 2> ends{};
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const ScopedFd far(ends[1]);
  ScopedFd near(ends[0]);
  // Not a case: more than a socket holds.
  if (::write(far.get(), said.data(), said.size()) != static_cast<ssize_t>(said.size())) return -1;
  ::shutdown(far.get(), SHUT_WR);
  const RunningClock clock;
  const Duration time = (shape & 2) != 0 ? std::chrono::hours(1) : std::chrono::milliseconds(100) * (shape >> 2);
  GdbStub stub(std::move(near), clock);
  QemuInspection inspection(
      stub, [&map](std::string_view, Deadline) { return Result<std::string>(map); },
      [](Duration, Deadline) { return Result<void>(); }, clock, time);
  look(inspection, 0x40000000 + 4096 * (shape >> 2) - 24);
  // What is left of the case tells of stops.
  const Deadline soon = Deadline::after(clock.now(), time);
  if (stub.insert_breakpoint(0x200, soon) && stub.resume(std::nullopt)) (void)stub.take_stop();
  return 0;
}
