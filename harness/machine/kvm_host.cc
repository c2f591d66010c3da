#include "machine/kvm_host.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include "agent/kvm_offer.h"
#include "base/text.h"

namespace bootrig {
namespace {

// QEMU inside an emulated KVM host needs a second to print anything.
constexpr Duration kHelpTimeout = std::chrono::seconds(20);

std::string architecture() {
  utsname names{};
  return ::uname(&names) == 0 ? names.machine : "unknown";
}

std::optional<std::string> accelerator_help(ProcessLauncher& launcher, const std::string& qemu) {
  const Deadline deadline = Deadline::after(SteadyClock().now(), kHelpTimeout);
  const auto help = run_command(launcher, {.argv = {qemu, "-accel", "help"}}, deadline);
  if (!help || help->timed_out || help->status.code != 0) return std::nullopt;
  return help->output;
}

// One accelerator a line, below a heading.
bool lists_kvm(std::string_view help) {
  for (const std::string_view line : split_lines(help)) {
    if (trim(line) == "kvm") return true;
  }
  return false;
}

}  // namespace

KvmHost this_kvm_host(ProcessLauncher& launcher) {
  const KvmOffer offer = kvm_offer();
  return {architecture(), offer.trouble, offer.gicv2, offer.gicv3,
          [&launcher](const std::string& qemu) { return accelerator_help(launcher, qemu); }};
}

std::optional<std::string> kvm_unavailable(const KvmHost& host, const MachineSpec& machine) {
  if (machine.accelerator != Accelerator::kKvm) return std::nullopt;
  if (machine.level != 1) return fmt::format("KVM enters its guests at EL1, not at EL{}", machine.level);
  if (host.architecture != "aarch64") {
    return fmt::format("this host is {}; KVM runs AArch64 guests on AArch64 hosts alone", host.architecture);
  }
  if (!host.device_trouble.empty()) return fmt::format("/dev/kvm cannot be opened: {}", host.device_trouble);
  const auto accelerators = host.accelerators(machine.qemu);
  if (accelerators && !lists_kvm(*accelerators)) return fmt::format("{} is built without KVM", machine.qemu);
  if (machine.gic == 2 ? !host.gicv2 : !host.gicv3) {
    return fmt::format("KVM of this host offers no GICv{}", machine.gic);
  }
  return std::nullopt;
}

}  // namespace bootrig
