#include "machine/host_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace bootrig {
namespace {

bool has_word(std::string_view text, std::string_view word) {
  return std::ranges::any_of(split(text, ' '), [word](std::string_view one) { return one == word; });
}

}  // namespace

// A key and its value a line.
Result<HostFacts> parse_probe(std::string_view text) {
  std::map<std::string, std::string, std::less<>> values;
  for (const std::string_view line : split_lines(text)) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    values.emplace(line.substr(0, blank), trim(line.substr(std::min(blank + 1, line.size()))));
  }
  for (const char* key : {"architecture", "cores", "memory-kib", "kvm-gic", "qemu", "accelerators"}) {
    if (!values.contains(key)) {
      return fail(fmt::format("the agent's probe does not tell '{}', it says: {}", key, printable(trim(text))));
    }
  }
  HostFacts facts;
  facts.architecture = values["architecture"];
  facts.kernel = values["kernel"];
  facts.cores = static_cast<unsigned>(std::clamp<std::uint64_t>(parse_count(values["cores"]).value_or(1), 1, 65536));
  facts.memory = parse_count(values["memory-kib"]).value_or(0) << 10;
  facts.kvm_trouble = values["kvm-trouble"];
  facts.kvm_gicv2 = has_word(values["kvm-gic"], "2");
  facts.kvm_gicv3 = has_word(values["kvm-gic"], "3");
  facts.qemu_version = values["qemu"];
  facts.qemu_has_kvm = has_word(values["accelerators"], "kvm");
  return facts;
}

std::optional<std::string> cannot_run(const HostSpec& host, const HostFacts& facts, const MachineSpec& machine) {
  const bool kvm = machine.accelerator == Accelerator::kKvm;
  if (!host.accelerators.empty() &&
      std::ranges::find(host.accelerators, machine.accelerator) == host.accelerators.end())
    return fmt::format("the hosts file does not give it '{}'", to_text(machine.accelerator));
  if (facts.qemu_version.empty()) {
    return fmt::format("{} cannot be run there", host.qemu.empty() ? machine.qemu : host.qemu);
  }
  if (!kvm) return std::nullopt;
  if (machine.level != 1) return fmt::format("KVM enters its guests at EL1, not at EL{}", machine.level);
  if (facts.architecture != "aarch64") {
    return fmt::format("it is {}; KVM runs AArch64 guests on AArch64 hosts alone", facts.architecture);
  }
  if (!facts.kvm_trouble.empty()) return fmt::format("/dev/kvm cannot be opened: {}", facts.kvm_trouble);
  if (!facts.qemu_has_kvm) return "its QEMU is built without KVM";
  if (machine.gic == 2 ? !facts.kvm_gicv2 : !facts.kvm_gicv3) {
    return fmt::format("its KVM offers no GICv{}", machine.gic);
  }
  return std::nullopt;
}

}  // namespace bootrig
