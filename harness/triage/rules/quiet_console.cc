// A program that cannot say its first word, or has said its last and waits.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/text.h"
#include "triage/activity.h"
#include "triage/rules/rules.h"
#include "triage/rules/silence_rules.h"
#include "triage/silence.h"

namespace bootrig {
namespace {

// Where boards have the UART of their console, by their manuals' memory maps and device trees.
struct KnownUart {
  std::uint64_t first = 0;
  std::string_view what;
};
constexpr std::uint64_t kUartBytes = 0x1000;
constexpr std::array<KnownUart, 17> kKnownUarts = {{
    {0x01c28000, "UART0 of Allwinner's A64"},
    {0x02800000, "UART0 of TI's AM62"},
    {0x05000000, "UART0 of Allwinner's H6"},
    {0x09000000, "the PL011 of QEMU's virt"},
    {0x1c090000, "the PL011 of Arm's Versatile Express and FVP"},
    {0x30860000, "UART1 of NXP's i.MX 8M"},
    {0x30890000, "UART2 of NXP's i.MX 8M"},
    {0x3f201000, "the PL011 of a Raspberry Pi 3"},
    {0x3f215000, "the mini UART of a Raspberry Pi 3"},
    {0x60000000, "the PL011 of QEMU's sbsa-ref"},
    {0x7ff80000, "the PL011 of Arm's Juno"},
    {0xc8100000, "UART_AO of Amlogic's S905"},
    {0xfe201000, "the PL011 of a Raspberry Pi 4"},
    {0xfe215000, "the mini UART of a Raspberry Pi 4"},
    {0xff000000, "UART0 of AMD's ZynqMP"},
    {0xff1a0000, "UART2 of Rockchip's RK3399"},
    {0xff803000, "UART_AO of Amlogic's S905X3"},
}};

const KnownUart* known_uart(std::uint64_t address) {
  const auto found =
      std::ranges::find_if(kKnownUarts, [&](const KnownUart& uart) { return address - uart.first < kUartBytes; });
  return found == kKnownUarts.end() ? nullptr : &*found;
}

// The UART that the machine has: "pl011 at 0x9000000"; empty: none is known.
std::string own_uart(const Facts& facts) {
  for (const MemoryRegion& region : facts.map) {
    const std::string name = uart_at(facts, region.first);
    if (!name.empty()) return fmt::format("{} at {:#x}", name, region.first);
  }
  return "";
}

// The address of the last abort that the first CPU has taken, its own exceptions since notwithstanding: those that are no
// aborts leave FAR as it is (DDI 0487, FAR_ELx).
std::optional<std::uint64_t> last_abort_at(const Facts& facts) {
  if (facts.cpus.empty()) return std::nullopt;
  const CpuFacts& cpu = facts.cpus.front();
  const auto far = system_register(cpu.state, "FAR", cpu.level);
  if (!far || *far == 0) return std::nullopt;
  return translate(facts, cpu.state, *far);
}

// The device that a CPU polls in a loop that nothing changes, by its physical address; none: it does not.
std::optional<std::uint64_t> polled_device(const Facts& facts, std::size_t cpu) {
  const Activity activity = activity_of(facts, cpu);
  if (activity.doing != Doing::kSpins) return std::nullopt;
  const auto address = polled_address(facts, cpu, *activity.loop);
  const MemoryRegion* region = address ? find_region(facts.map, *address) : nullptr;
  return region != nullptr && !region->memory ? address : std::nullopt;
}

// The loop tests the receiver's flag of a PL011, UARTFR.RXFE (DDI 0183): by TBZ or TBNZ of bit 4, or AND or TST with 0x10.
bool awaits_byte(const Facts& facts, const Loop& loop, std::uint64_t address) {
  constexpr std::uint64_t kFlags = 0x18;
  const MemoryRegion* region = find_region(facts.map, address);
  if (!region->name.contains("pl011") || address - region->first != kFlags) return false;
  return std::ranges::any_of(loop.code, [](std::uint32_t code) {
    return (code & 0xfef80000) == 0x36200000 || (code & 0x9ffffc00) == 0x121c0000;
  });
}

// A line that stops where a shell, a boot loader or a login asks: "=> ", "login: ", "/ # ".
bool is_prompt(std::string_view line) {
  constexpr std::string_view kQuestions[] = {"login:", "assword:", "Shell>", "=>", "(y/n)", "[y/N]", "[Y/n]"};
  const std::string_view text = trim(line);
  if (std::ranges::any_of(kQuestions, [&](std::string_view end) { return text.ends_with(end); })) return true;
  // "# " and "$ " alone, or behind a path or a name; a bar of progress ("####") is none.
  const bool mark = text.ends_with('#') || text.ends_with('$') || text.ends_with('>');
  return mark && line.ends_with(' ') && (text.size() == 1 || text[text.size() - 2] != text.back());
}

// The line without an end, with the blank behind a prompt, without '\r'.
std::string_view unfinished_line(std::string_view transcript) {
  std::string_view line = transcript.substr(transcript.rfind('\n') + 1);
  return line.substr(line.rfind('\r') == line.npos ? 0 : line.rfind('\r') + 1);
}

// What was last commanded at the prompt with which the console ends, and the end of what came back; empty: nothing was.
std::string last_answer(std::string_view transcript) {
  constexpr std::size_t kLinesBack = 100, kShown = 2;
  const std::string_view prompt = trim(unfinished_line(transcript));
  const std::vector<std::string_view> lines = split_lines(transcript.substr(0, transcript.rfind('\n') + 1));
  std::vector<std::string> answer;
  for (std::size_t back = 0; back < std::min(lines.size(), kLinesBack); ++back) {
    const std::string_view line = trim(lines[lines.size() - 1 - back]);
    if (!prompt.empty() && line.starts_with(prompt) && line != prompt) {
      const std::string command = printable(trim(line.substr(prompt.size())));
      return answer.empty() ? "" : fmt::format("; to '{}' it said '{}'", command, fmt::join(answer, "', '"));
    }
    if (!line.empty() && answer.size() < kShown) answer.insert(answer.begin(), printable(line));
  }
  return "";
}

}  // namespace

std::optional<RootCause> wrong_uart(const Facts& facts) {
  if (facts.record || facts.evidence.stopped_for != StoppedFor::kTime || !said_nothing(facts)) return std::nullopt;
  const auto address = last_abort_at(facts);
  const KnownUart* uart = address && !facts.map.empty() ? known_uart(*address) : nullptr;
  if (uart == nullptr || find_region(facts.map, *address) != nullptr) return std::nullopt;
  const std::string own = own_uart(facts);
  return RootCause{
      "wrong-uart",
      fmt::format("without a word before, the program accesses {:#x}, where this machine has nothing: there "
                  "is {}",
                  *address, uart->what),
      own.empty() ? "use the UART that this target has, by its device tree"
                  : fmt::format("build it for this machine, whose UART is {}, or take the UART from the "
                                "device tree (/chosen, stdout-path)",
                                own)};
}

std::optional<RootCause> console_not_ready(const Facts& facts) {
  constexpr std::uint64_t kPl011Flags = 0x18;  // DDI 0183, UARTFR
  if (facts.record || facts.syndrome || !said_nothing(facts)) return std::nullopt;
  const auto address = polled_device(facts, 0);
  const std::string uart = address ? uart_at(facts, *address) : "";
  if (uart.empty()) return std::nullopt;
  if (awaits_byte(facts, *activity_of(facts, 0).loop, *address)) {
    return RootCause{"waits-for-input",
                     fmt::format("CPU 0 waits at {} for a byte from {}, and has not said a word before",
                                 code_symbol(facts, facts.cpus.front().state.pc), uart),
                     "send what it waits for ('send' in the scenario), or boot it in the way that does not wait"};
  }
  const std::uint64_t offset = *address - find_region(facts.map, *address)->first;
  const bool other_kind = uart.contains("pl011") && offset != kPl011Flags;
  return RootCause{"console-not-ready",
                   fmt::format("before its first word, CPU 0 waits at {} for a flag of the UART: it reads {} at {:#x} "
                               "(offset {:#x}), which does not change",
                               code_symbol(facts, facts.cpus.front().state.pc), uart, *address, offset),
                   other_kind
                       ? fmt::format("use a driver for this UART: a PL011 has its flags at offset {:#x} (UARTFR), "
                                     "at {:#x} is no register that says when it is ready",
                                     kPl011Flags, offset)
                       : "find which flag the loop awaits, and whether this UART ever sets it: it may have to be "
                         "enabled first"};
}

// Of a loop that reads the UART's receiver nothing need be guessed; other programs are known by their prompt.
std::optional<RootCause> waits_for_input(const Facts& facts) {
  if (facts.record || facts.syndrome || facts.evidence.stopped_for != StoppedFor::kTime || !ends_within_a_line(facts)) {
    return std::nullopt;
  }
  const std::string_view line = unfinished_line(facts.evidence.transcript);
  const auto polled = polled_device(facts, 0);
  const bool reads_uart = polled && !uart_at(facts, *polled).empty();
  const Doing doing = activity_of(facts, 0).doing;  // who waits for an interrupt takes it, or looks by itself
  if (!reads_uart && (!is_prompt(line) || (doing != Doing::kIdle && doing != Doing::kMoves))) return std::nullopt;
  const std::string answer = last_answer(facts.evidence.transcript);
  const std::string how =
      reads_uart ? fmt::format("and CPU 0 reads {} at {:#x} round and round", uart_at(facts, *polled), *polled)
                 : "which is a prompt";
  const std::string what =
      fmt::format("the console ends with '{}', a line without an end, {}: it waits for input that does not come{}",
                  printable(trim(line)), how, answer);
  if (!answer.empty())
    return RootCause{"waits-for-input", what, "find why it did not go on with what it was told last"};
  return RootCause{"waits-for-input", what,
                   "answer it ('send' in the scenario), or make it go on by itself (an autoboot that is not "
                   "interrupted, a login or a shell that is not started)"};
}

std::optional<RootCause> silent_end(const Facts& facts) {
  constexpr std::uint32_t kHvc0 = 0xd4000002, kSmc0 = 0xd4000003;              // DDI 0487, HVC, SMC
  constexpr std::uint64_t kSystemOff = 0x84000008, kSystemReset = 0x84000009;  // Arm DEN 0022
  if (facts.record || facts.evidence.stopped_for != StoppedFor::kGuest || !said_nothing(facts)) return std::nullopt;
  for (const CpuFacts& cpu : facts.cpus) {
    const std::uint64_t function = cpu.state.x[0] & 0xffffffff;
    if (function != kSystemOff && function != kSystemReset) continue;
    for (const std::uint64_t at : {cpu.state.pc, cpu.state.pc - 4}) {
      const auto instruction = read_instruction(facts, cpu.state, at);
      if (instruction != kHvc0 && instruction != kSmc0) continue;
      return RootCause{
          "silent-end",
          fmt::format("CPU {} asked for {} by PSCI at {} (EL{}), and nothing was said before", cpu.state.index,
                      function == kSystemOff ? "SYSTEM_OFF" : "SYSTEM_RESET", code_symbol(facts, at), cpu.level),
          "find which failure leads there, and let it say so; an early console shows the way to it"};
    }
  }
  return std::nullopt;
}

}  // namespace bootrig
