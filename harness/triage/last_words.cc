#include "triage/last_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <system_error>

#include "base/text.h"
#include "dump/console_lines.h"

namespace bootrig {
namespace {

// One shows enough of a line that may be without end.
constexpr std::size_t kShown = 160;
// How many lines in front of the last words may belong to them.
constexpr std::size_t kLinesBefore = 3;

struct Words {
  std::string_view text;
  std::string_view change;
};

constexpr std::string_view kArchiveOrder =
    "build the archive in the order that the loader demands: kernel.elf, kernel.dtb if there is one, then the programs";
constexpr std::string_view kOverlap =
    "look at what the loader gave the kernel (x0 and x1: the root server; x4 and x5: the device tree's address and "
    "size): these areas overlap, or lie outside the memory that the kernel knows";

// elfloader-tool/src (common.c, arch-arm/psci.c, arch-arm/smp_boot.c), seL4 (src/arch/arm/kernel/boot.c,
// src/kernel/boot.c), Microkit loader/src/loader.c, Linux (init/do_mounts.c, init/main.c, kernel/exit.c,
// drivers/tty/sysrq.c).
constexpr auto kWords = std::to_array<Words>({
    {"No kernel image present in archive", "put kernel.elf into the archive"},
    {"Kernel image not first image in archive", kArchiveOrder},
    {"Kernel DTB not second image in archive", kArchiveOrder},
    {"expected to load just 1 app, actually loaded 0 apps",
     "the archive has no program behind the kernel and its device tree: add the root server"},
    {"HVC is not supported for PSCI",
     "this loader calls the firmware by smc alone, and its device tree says hvc: boot on a target that enters it at "
     "EL2 "
     "(there virt takes smc), with that machine's device tree, or build a loader that can do hvc"},
    {"exceeds USER_TOP", "link the root server below the address that the kernel names there"},
    {"in wrong order", kOverlap},
    {"mismatch on loader data structure magic number",
     "the loader's data does not begin with its magic number: the image is damaged, or its parts are of different "
     "versions; build or transfer it again"},
    {"Initramfs unpacking failed",
     "the initramfs is damaged, cut off, or packed in a way that this kernel cannot unpack: build or transfer it "
     "again"},
    {"Unable to mount root fs",
     "give Linux an initramfs that holds the first process under the name that it is told (/init, or rdinit=), or the "
     "disk that root= names"},
    {"No working init found",
     "put the first process there as an executable file; what a script or a dynamic program is run by (its #! line, "
     "its "
     "ELF interpreter) has to be there as well"},
    {"sysrq triggered crash", "find who asked for it: a c written to /proc/sysrq-trigger, or a break on the console"},
});

// Lines of Linux that say more than the panic does.
constexpr auto kLinuxReasons = std::to_array<std::string_view>(
    {"Cannot open root device", "Failed to execute ", "Initramfs unpacking failed", "Couldn't get size: "});

std::string shown(std::string_view line) {
  return printable(trim(line).substr(0, kShown));
}

std::vector<std::string> read_lines(std::string_view transcript) {
  std::vector<std::string> lines;
  dump::ConsoleLines reader(transcript);
  while (auto line = reader.next()) {
    if (!trim(line->text).empty()) lines.push_back(std::move(line->text));
  }
  return lines;
}

// The last of the lines at most; fewer when there are fewer.
std::span<const std::string> last_of(std::span<const std::string> lines, std::size_t count) {
  return lines.last(std::min(lines.size(), count));
}

// "Attempted to kill init! exitcode=0x00000100": the status that wait(2) reports (bits 6:0 the signal, 15:8 the status).
std::optional<std::string> change_for_exit(std::string_view line) {
  constexpr std::string_view kMark = "Attempted to kill init! exitcode=0x";
  const std::size_t at = line.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = line.substr(at + kMark.size(), 8);
  unsigned status = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), status, 16);
  if (read.ec != std::errc() || (status & 0x7f) != 0) return std::nullopt;  // a signal: an exception is behind it
  return fmt::format("the first process ended by itself with status {}, and must never end: find why it exits",
                     status >> 8 & 0xff);
}

// elfloader-tool/src/defaults.c: abort() says so, and goes round a loop. The reason is what was said before.
std::optional<LastWords> words_of_elfloader(const Facts& facts, std::span<const std::string> lines) {
  const auto end = std::ranges::find_if(lines, [](const std::string& line) { return trim(line) == "abort() called."; });
  const auto before = last_of(std::span(lines.begin(), end), kLinesBefore);
  if (end == lines.end() || before.empty()) return std::nullopt;
  LastWords words{"elfloader", shown(before.back()), {}, change_for_words(facts, before.back())};
  for (const std::string& line : before.first(before.size() - 1)) {
    const auto change = change_for_words(facts, line);
    if (!change && words.before.empty()) continue;
    words.before.push_back(shown(line));
    if (words.before.size() == 1) words.change = change;
  }
  return words;
}

std::optional<LastWords> words_of_microkit(const Facts& facts, std::span<const std::string> lines) {
  const auto found = std::ranges::find_if(lines, [](const std::string& line) { return line.starts_with("LDR|ERROR"); });
  if (found == lines.end()) return std::nullopt;
  return LastWords{"Microkit's loader", shown(*found), {}, change_for_words(facts, *found)};
}

std::optional<LastWords> words_of_linux(const Facts& facts, std::span<const std::string> lines) {
  const auto found = std::ranges::find_if(
      lines, [](const std::string& line) { return line.contains("Kernel panic - not syncing: "); });
  if (found == lines.end()) return std::nullopt;
  LastWords words{"Linux", shown(*found), {}, change_for_words(facts, *found)};
  if (!words.change) return std::nullopt;
  for (const std::string& line : std::span(lines.begin(), found)) {
    const bool says_more =
        std::ranges::any_of(kLinuxReasons, [&](std::string_view reason) { return line.contains(reason); });
    if (!says_more || words.before.size() == kLinesBefore) continue;
    const auto change = change_for_words(facts, line);
    if (change && words.before.empty()) words.change = change;
    words.before.push_back(shown(line));
  }
  return words;
}

}  // namespace

std::optional<std::string> change_for_words(const Facts& facts, std::string_view line) {
  if (auto exit = change_for_exit(line)) return exit;
  if (line.contains("Failed to boot cpu ")) {
    return fmt::format(
        "the firmware did not turn that CPU on{}: boot with as many CPUs as the loader and the kernel are "
        "built for, or build them for fewer",
        facts.evidence.machine == nullptr ? "" : fmt::format("; this machine has {}", facts.evidence.machine->cpus));
  }
  const auto found = std::ranges::find_if(kWords, [&](const Words& words) { return line.contains(words.text); });
  return found == kWords.end() ? std::nullopt : std::optional<std::string>(found->change);
}

std::optional<LastWords> find_last_words(const Facts& facts) {
  const auto lines = read_lines(facts.evidence.transcript);
  for (const auto find : {words_of_elfloader, words_of_microkit, words_of_linux}) {
    if (auto words = find(facts, lines)) return words;
  }
  return std::nullopt;
}

std::vector<std::string> errors_before(const Facts& facts, std::string_view mark) {
  const auto lines = read_lines(facts.evidence.transcript);
  const auto end = std::ranges::find_if(lines, [&](const std::string& line) { return line.contains(mark); });
  std::vector<std::string> errors;
  if (end == lines.end()) return errors;
  for (const std::string& line : last_of(std::span(lines.begin(), end), kLinesBefore)) {
    if (trim(line).starts_with("ERROR: ")) errors.push_back(shown(line));
  }
  return errors;
}

}  // namespace bootrig
