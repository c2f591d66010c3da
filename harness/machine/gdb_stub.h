// GdbStub: looks at a stopped machine through its gdbstub (GDB manual, "Remote Protocol"): registers by name, physical
// memory. It never writes to the guest, and lets it run to breakpoints alone (breakpoint.h). The stub is not trusted:
// whatever it says, a call ends by its deadline with a value or an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "machine/breakpoint.h"
#include "machine/gdb_packet.h"
#include "machine/inspection.h"

namespace bootrig {

class GdbStub {
 public:
  // `socket` is connected, or will be, and does not block.
  GdbStub(ScopedFd socket, const Clock& clock) : socket_(std::move(socket)), clock_(clock) {}

  // The handshake: what the stub can, which CPUs there are, what their registers are numbered, and memory by physical
  // address from here on. First of all calls.
  Result<void> attach(Deadline deadline);
  // Registers that the stub does not know or does not tell are absent.
  Result<std::vector<CpuState>> cpus(Deadline deadline);
  // The stub gives zeros for addresses where there is nothing; who calls must know that there is memory.
  Result<void> read_physical(std::uint64_t address, std::span<std::uint8_t> out, Deadline deadline);
  // Some registers of one CPU, by canonical name. "pc" and "cpsr" must be there; others that the machine does not have
  // are absent.
  Result<std::map<std::string, std::uint64_t>> registers(unsigned cpu, const std::vector<std::string>& names,
                                                         Deadline deadline);

  // By the hardware's means ("Z1"), which need not write to memory: the address may be mapped later, or never.
  Result<void> insert_breakpoint(std::uint64_t address, Deadline deadline);
  // Lets all CPUs go on, or one by one instruction, the others standing. Until take_stop() has given a stop nothing may
  // be asked.
  Result<void> resume(std::optional<unsigned> step);
  // What tells of it is readable at descriptor(). None: not there yet.
  Result<std::optional<GdbStop>> take_stop();
  int descriptor() const { return socket_.get(); }

 private:
  // Sends all requests in one go and gives their replies, in order.
  Result<std::vector<std::string>> ask(const std::vector<std::string>& requests, Deadline deadline);
  Result<std::string> ask(const std::string& request, Deadline deadline);
  Result<std::vector<std::string>> take_replies(std::size_t count, Deadline deadline);
  Result<void> send_pending();               // as much as the socket takes
  Result<void> exchange(Deadline deadline);  // waits until bytes could be sent or were received
  Result<void> receive();                    // what is there
  Result<void> learn_abilities(Deadline deadline);
  Result<void> learn_registers(Deadline deadline);
  Result<void> learn_cpus(Deadline deadline);
  // Of one CPU; the stub need not tell others than core registers.
  Result<std::map<std::string, std::uint64_t>> read_registers(const std::string& cpu,
                                                              const std::vector<std::string>& names, Deadline deadline);
  Result<std::string> read_document(const std::string& name, Deadline deadline);

  ScopedFd socket_;
  const Clock& clock_;
  GdbPacketReader reader_;
  std::string outbox_;
  bool out_of_step_ = false;  // a question failed: what comes next may be its answer
  bool acknowledge_ = true;
  std::size_t packet_size_ = 400;            // until the stub says more
  std::map<std::string, unsigned> numbers_;  // of the registers that are read, by canonical name
  std::vector<std::string> cpus_;            // thread names, such as "p01.02"
};

}  // namespace bootrig
