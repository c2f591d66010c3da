#include "machine/gdb_stub.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "base/text.h"
#include "machine/gdb_target.h"

namespace bootrig {
namespace {

constexpr std::size_t kPacketSizeMin = 64;
constexpr std::size_t kPacketSizeMax = std::size_t{16} << 10;
constexpr std::size_t kDocumentMax = std::size_t{1} << 20;
constexpr std::size_t kIncludesMax = 32;
constexpr std::size_t kCpusMax = 512;

// What explains a boot that failed: translation, exceptions, stacks and identity, traps and stage 2, features, timers.
constexpr std::array<std::string_view, 64> kSystemRegisters{
    "SCTLR_EL1",  "SCTLR_EL2",    "SCTLR_EL3",       "TCR_EL1",          "TCR_EL2",          "TCR_EL3",
    "TTBR0_EL1",  "TTBR0_EL2",    "TTBR0_EL3",       "TTBR1_EL1",        "TTBR1_EL2",        "MAIR_EL1",
    "MAIR_EL2",   "MAIR_EL3",     "PAR_EL1",         "VBAR_EL1",         "VBAR_EL2",         "VBAR_EL3",
    "ESR_EL1",    "ESR_EL2",      "ESR_EL3",         "FAR_EL1",          "FAR_EL2",          "FAR_EL3",
    "ELR_EL1",    "ELR_EL2",      "ELR_EL3",         "SPSR_EL1",         "SPSR_EL2",         "SPSR_EL3",
    "AFSR0_EL1",  "AFSR0_EL2",    "AFSR0_EL3",       "AFSR1_EL1",        "AFSR1_EL2",        "AFSR1_EL3",
    "SP_EL0",     "SP_EL1",       "SP_EL2",          "TPIDR_EL0",        "TPIDRRO_EL0",      "TPIDR_EL1",
    "TPIDR_EL2",  "TPIDR_EL3",    "CONTEXTIDR_EL1",  "CONTEXTIDR_EL2",   "CPACR_EL1",        "CPTR_EL2",
    "CPTR_EL3",   "HCR_EL2",      "HPFAR_EL2",       "VTCR_EL2",         "VTTBR_EL2",        "VMPIDR_EL2",
    "SCR_EL3",    "MDSCR_EL1",    "ID_AA64PFR0_EL1", "ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1",
    "CNTFRQ_EL0", "CNTV_CTL_EL0", "CNTP_CTL_EL0",    "CNTHP_CTL_EL2"};

// A stop reply that nobody asked for: the stub sends one when the guest was running as it was attached.
bool is_stop_reply(std::string_view payload) {
  return payload.size() >= 3 && (payload[0] == 'T' || payload[0] == 'S') && parse_gdb_bytes(payload.substr(1, 2));
}

// GCC 12 warns falsely of std::string == "OK" at -O2 (uninitialized).
bool is(std::string_view reply, std::string_view expected) {
  return reply == expected;
}

std::unexpected<Error> bad_reply(const std::string& request) {
  return fail(fmt::format("gdbstub: no sense in its reply to '{}'", printable(request.substr(0, 60))));
}

// Each CPU has them.
std::vector<std::string> core_registers() {
  std::vector<std::string> names{"sp", "pc", "cpsr"};
  for (unsigned i = 0; i < 31; ++i) names.push_back(fmt::format("x{}", i));
  return names;
}

// While a CPU is at level n with SPSel 1, SP_ELn is what it calls SP; with SPSel 0, SP_EL0 is (DDI 0487, C5.2). What the
// stub tells of the one in use is from before.
void set_stack_in_use(CpuState& cpu) {
  const unsigned level = (cpu.pstate & 1) == 0 ? 0 : (cpu.pstate >> 2) & 3;
  cpu.system[fmt::format("SP_EL{}", level)] = cpu.sp;
}

// Of all values, those of the core registers among them.
CpuState make_cpu(unsigned index, std::map<std::string, std::uint64_t> values) {
  const auto take = [&values](const std::string& name) { return values.extract(name).mapped(); };
  CpuState cpu{.index = index};
  for (unsigned i = 0; i < cpu.x.size(); ++i) cpu.x[i] = take(fmt::format("x{}", i));
  cpu.sp = take("sp");
  cpu.pc = take("pc");
  cpu.pstate = static_cast<std::uint32_t>(take("cpsr"));
  cpu.system = std::move(values);
  set_stack_in_use(cpu);
  return cpu;
}

}  // namespace

Result<void> GdbStub::attach(Deadline deadline) {
  BOOTRIG_TRY_VOID(learn_abilities(deadline));
  BOOTRIG_TRY_VOID(learn_registers(deadline));
  BOOTRIG_TRY_VOID(learn_cpus(deadline));
  BOOTRIG_TRY(const std::string physical, ask("Qqemu.PhyMemMode:1", deadline));
  if (!is(physical, "OK")) return fail("gdbstub: it cannot read memory by physical address");
  return {};
}

Result<void> GdbStub::learn_abilities(Deadline deadline) {
  BOOTRIG_TRY(const std::string abilities, ask("qSupported:multiprocess+;qXfer:features:read+", deadline));
  for (const std::string_view ability : split(abilities, ';')) {
    constexpr std::string_view kSize = "PacketSize=";
    if (!ability.starts_with(kSize)) continue;
    const std::string_view digits = ability.substr(kSize.size());
    std::size_t size = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    packet_size_ = std::clamp(size, kPacketSizeMin, kPacketSizeMax);
  }
  BOOTRIG_TRY(const std::string no_acks, ask("QStartNoAckMode", deadline));
  acknowledge_ = !is(no_acks, "OK");
  return {};
}

Result<void> GdbStub::learn_registers(Deadline deadline) {
  BOOTRIG_TRY(const std::string target, read_document("target.xml", deadline));
  unsigned next = 0;
  std::vector<GdbRegister> registers = parse_gdb_registers(target, next);
  std::vector<std::string> includes = parse_gdb_includes(target);
  includes.resize(std::min(includes.size(), kIncludesMax));
  for (const std::string& include : includes) {
    BOOTRIG_TRY(const std::string document, read_document(include, deadline));
    for (GdbRegister& more : parse_gdb_registers(document, next)) registers.push_back(std::move(more));
  }
  for (const GdbRegister& known : registers) numbers_.emplace(canonical_register_name(known.name), known.number);
  // QEMU lists some registers of levels that the CPU does not have (MAIR_EL3). A level has a SCTLR.
  for (const std::string level : {"_EL2", "_EL3"}) {
    if (numbers_.contains("SCTLR" + level)) continue;
    std::erase_if(numbers_, [&level](const auto& known) { return known.first.ends_with(level); });
  }
  return {};
}

Result<void> GdbStub::learn_cpus(Deadline deadline) {
  std::string request = "qfThreadInfo";
  for (;;) {
    BOOTRIG_TRY(const std::string reply, ask(request, deadline));
    if (is(reply, "l")) break;
    if (!reply.starts_with('m') || reply.size() == 1) return bad_reply(request);
    for (const std::string_view name : split(std::string_view(reply).substr(1), ',')) cpus_.emplace_back(name);
    if (cpus_.size() > kCpusMax) return fail(fmt::format("gdbstub: it tells of more than {} CPUs", kCpusMax));
    request = "qsThreadInfo";
  }
  if (cpus_.empty()) return fail("gdbstub: the machine has no CPU");
  return {};
}

Result<std::string> GdbStub::read_document(const std::string& name, Deadline deadline) {
  std::string document;
  for (;;) {
    const std::string request =
        fmt::format("qXfer:features:read:{}:{:x},{:x}", name, document.size(), packet_size_ - 5);
    BOOTRIG_TRY(const std::string reply, ask(request, deadline));
    const bool more = reply.starts_with('m') && reply.size() > 1;
    if ((!more && !reply.starts_with('l')) || document.size() > kDocumentMax) return bad_reply(request);
    document.append(reply, 1);
    if (!more) return document;
  }
}

Result<std::vector<CpuState>> GdbStub::cpus(Deadline deadline) {
  std::vector<std::string> names = core_registers();
  for (const std::string& name : names) {
    if (!numbers_.contains(name)) return fail(fmt::format("gdbstub: the machine has no register {}", name));
  }
  for (const std::string_view name : kSystemRegisters) {
    if (numbers_.contains(std::string(name))) names.emplace_back(name);
  }
  std::vector<CpuState> cpus;
  for (unsigned index = 0; index < cpus_.size(); ++index) {
    BOOTRIG_TRY(auto values, read_registers(cpus_[index], names, deadline));
    cpus.push_back(make_cpu(index, std::move(values)));
  }
  return cpus;
}

Result<std::map<std::string, std::uint64_t>> GdbStub::read_registers(const std::string& cpu,
                                                                     const std::vector<std::string>& names,
                                                                     Deadline deadline) {
  // "g" is for KVM: of one register alone QEMU tells what it knows, and it knows the CPU as KVM last gave it; only "g"
  // makes it ask KVM (gdbstub.c, cpu_synchronize_state). Its own reply may be anything.
  std::vector<std::string> requests{"Hg" + cpu, "g"};
  for (const std::string& name : names) requests.push_back(fmt::format("p{:x}", numbers_.at(name)));
  BOOTRIG_TRY(const std::vector<std::string> replies, ask(requests, deadline));
  if (!is(replies[0], "OK")) return bad_reply(requests[0]);
  const std::vector<std::string> core = core_registers();
  std::map<std::string, std::uint64_t> values;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (const auto value = parse_gdb_number(replies[i + 2])) {
      values[names[i]] = *value;
    } else if (std::ranges::find(core, names[i]) != core.end()) {
      return bad_reply(requests[i + 2]);
    }
  }
  return values;
}

Result<void> GdbStub::read_physical(std::uint64_t address, std::span<std::uint8_t> out, Deadline deadline) {
  const std::size_t piece_max = packet_size_ / 2 - 4;
  std::vector<std::string> requests;
  for (std::size_t done = 0; done < out.size(); done += piece_max) {
    requests.push_back(fmt::format("m{:x},{:x}", address + done, std::min(piece_max, out.size() - done)));
  }
  BOOTRIG_TRY(const std::vector<std::string> replies, ask(requests, deadline));
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const std::span<std::uint8_t> piece = out.subspan(i * piece_max, std::min(piece_max, out.size() - i * piece_max));
    const auto bytes = parse_gdb_bytes(replies[i]);
    if (!bytes || bytes->size() != piece.size()) {
      return fail(fmt::format("gdbstub: cannot read memory at {:#x}", address + i * piece_max));
    }
    std::ranges::copy(*bytes, piece.begin());
  }
  return {};
}

Result<std::map<std::string, std::uint64_t>> GdbStub::registers(unsigned cpu, const std::vector<std::string>& names,
                                                                Deadline deadline) {
  CHECK(cpu < cpus_.size());
  std::vector<std::string> known;
  for (const std::string& name : names) {
    if (numbers_.contains(name)) known.push_back(name);
  }
  BOOTRIG_TRY(auto values, read_registers(cpus_[cpu], known, deadline));
  for (const char* name : {"pc", "cpsr"}) {
    if (!values.contains(name)) return fail(fmt::format("gdbstub: it does not tell the register {}", name));
  }
  return values;
}

Result<void> GdbStub::insert_breakpoint(std::uint64_t address, Deadline deadline) {
  constexpr unsigned kInstructionBytes = 4;
  BOOTRIG_TRY(const std::string set, ask(fmt::format("Z1,{:x},{}", address, kInstructionBytes), deadline));
  if (!is(set, "OK")) return fail(fmt::format("gdbstub: it sets no breakpoint at {:#x}", address));
  return {};
}

Result<void> GdbStub::resume(std::optional<unsigned> step) {
  if (out_of_step_) return fail("gdbstub: it left an earlier question unanswered");
  // While the guest runs, QEMU takes any byte for a request to stop it. Acknowledgements that are due go before this, and
  // that of the stop itself before the next question.
  CHECK(!step || *step < cpus_.size());
  outbox_ += gdb_packet(step ? "vCont;s:" + cpus_[*step] : "vCont;c");
  out_of_step_ = true;
  return send_pending();
}

Result<std::optional<GdbStop>> GdbStub::take_stop() {
  BOOTRIG_TRY_VOID(receive());
  BOOTRIG_TRY(const std::optional<std::string> reply, reader_.next());
  if (!reply) return std::nullopt;
  if (acknowledge_) outbox_ += '+';
  if (!is_stop_reply(*reply)) return fail("gdbstub: no sense in what it says of the guest's stop");
  out_of_step_ = false;
  constexpr std::string_view kTrap = "05";  // SIGTRAP, as the protocol numbers it
  GdbStop stop{.trap = reply->substr(1, 2) == kTrap};
  constexpr std::string_view kThread = "thread:";
  const std::size_t at = reply->find(kThread);
  if (at == std::string::npos) return stop;
  const std::string name = reply->substr(at + kThread.size(), reply->find(';', at) - at - kThread.size());
  const auto cpu = std::ranges::find(cpus_, name);
  if (cpu == cpus_.end()) return fail("gdbstub: it tells of a stop of a CPU that it has not named");
  stop.cpu = static_cast<unsigned>(cpu - cpus_.begin());
  return stop;
}

Result<std::string> GdbStub::ask(const std::string& request, Deadline deadline) {
  BOOTRIG_TRY(std::vector<std::string> replies, ask(std::vector{request}, deadline));
  return std::move(replies[0]);
}

Result<std::vector<std::string>> GdbStub::ask(const std::vector<std::string>& requests, Deadline deadline) {
  if (out_of_step_) return fail("gdbstub: it left an earlier question unanswered");
  // One round trip for all: the stub answers in order, and takes the next request for an acknowledgement.
  for (const std::string& request : requests) outbox_ += gdb_packet(request);
  auto replies = take_replies(requests.size(), deadline);
  out_of_step_ = !replies;
  return replies;
}

Result<std::vector<std::string>> GdbStub::take_replies(std::size_t count, Deadline deadline) {
  BOOTRIG_TRY_VOID(send_pending());
  std::vector<std::string> replies;
  while (replies.size() < count) {
    BOOTRIG_TRY(std::optional<std::string> reply, reader_.next());
    if (!reply) {
      BOOTRIG_TRY_VOID(exchange(deadline));
      continue;
    }
    if (acknowledge_) outbox_ += '+';
    if (!is_stop_reply(*reply)) replies.push_back(std::move(*reply));
  }
  return replies;
}

Result<void> GdbStub::send_pending() {
  const ssize_t sent = ::send(socket_.get(), outbox_.data(), outbox_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail("gdbstub: the machine has ended");
  if (sent > 0) outbox_.erase(0, static_cast<std::size_t>(sent));
  return {};
}

Result<void> GdbStub::exchange(Deadline deadline) {
  pollfd watched{socket_.get(), static_cast<short>(outbox_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
  const TimePoint now = clock_.now();
  if (deadline.passed(now)) return fail("gdbstub: no reply in time");
  const Duration left = deadline.remaining(now);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  const int count = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(milliseconds, 60000)));
  CHECK(count >= 0 || errno == EINTR);
  if (count <= 0) return {};
  if ((watched.revents & POLLOUT) != 0) BOOTRIG_TRY_VOID(send_pending());
  return (watched.revents & ~POLLOUT) == 0 ? Result<void>() : receive();
}

Result<void> GdbStub::receive() {
  std::array<char, 16384> bytes;
  const ssize_t received = ::read(socket_.get(), bytes.data(), bytes.size());
  if (received > 0) reader_.feed({bytes.data(), static_cast<std::size_t>(received)});
  if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) {
    return fail("gdbstub: the machine has ended");
  }
  return {};
}

}  // namespace bootrig
