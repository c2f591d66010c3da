// dumps_bench: how long find_dumps takes over 100 MB of console, whatever it is made of. Prints "dumps.<shape> N s (goal
// < 2)", seconds of CPU time, the best of three: what else runs on the host is not measured.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>

#include "dump/exception_record.h"

namespace bootrig {
namespace {

constexpr std::size_t kSize = 100'000'000;
constexpr std::size_t kRounds = 3;

std::string filled(std::string_view first, std::string_view repeated) {
  std::string text(first);
  text.reserve(kSize + repeated.size());
  while (text.size() < kSize) text += repeated;
  return text;
}

void measure(std::string_view shape, std::string_view first, std::string_view repeated) {
  const std::string transcript = filled(first, repeated);
  double best = 0;
  std::size_t dumps = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const std::clock_t begin = std::clock();
    dumps = find_dumps(transcript).size();
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  fmt::print("dumps.{:<22} {:>6.2f} s (goal < 2; {} dumps)\n", shape, best, dumps);
}

int run() {
  constexpr std::string_view kRow = "x1 : 0000000000000001 x2 : 0000000000000002\n";
  constexpr std::string_view kOops = "Unable to handle kernel paging request at virtual address ffff800000001000\n";
  measure("headlines", "", kOops);
  // Headlines that turn out not to be one: the search goes on to the end.
  measure("almost_headlines", "",
          "Unhandled exception, Caught nothing, Bad mode in \" handler, esr  Exception at 0x\n");
  measure("registers", "", kRow);
  measure("headline_and_registers", "", std::string(kOops) + std::string(kRow));
  measure("endless_dump", kOops, kRow);
  measure("endless_old_dump", "LDR|ERROR: loader trapped exception: Synchronous\n",
          "reg: 0x00000001: 0x0000000000000001\n");
  measure("endless_stack", "Found thread has no fault handler while trying to handle:\nWith stack:\n",
          "0x0: 0x401000\n");
  measure("endless_short_rows", kOops, "EC = \n");
  measure("endless_report", "Unhandled Exception in EL3.\n", "daif           = 0x00000000000003c0\n");
  measure("endless_walk", "Data Abort Trap. Syndrome=0x5\n", "0TH[0x000] = 0x0\n");
  measure("endless_trace", ">>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 0\n", "  0: fp: 0x400 lr: 0x400\n");
  measure("endless_frame", "Unhandled exception ec=0x25 (DABT_EL1)\n", "Exception frame registers:\n");
  measure("ordinary_lines", "", "a line of a guest that cannot stop talking, sixty bytes or so\n");
  measure("empty_lines", "", "\n");
  measure("short_lines", "", "x\n");
  measure("shortest_headlines", "", "Caught vcpi \n");
  measure("timestamps", "", "[    1.234567] ");
  measure("one_line", "", "bootrig x: EXCEPTION ");
  measure("one_escape", "\x1b]", "x");
  measure("escapes", "", "\x1b[1mx\x1b[0m\n");
  return 0;
}

}  // namespace
}  // namespace bootrig

int main() {
  return bootrig::run();
}
