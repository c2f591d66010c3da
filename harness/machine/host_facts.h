// What a host has, as the agent's probe tells it (agent/program.h), and which machines can run there. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "spec/hosts.h"
#include "spec/target.h"

namespace bootrig {

struct HostFacts {
  std::string architecture;  // "aarch64"
  std::string kernel;        // "Linux 6.1.0-40-arm64"
  unsigned cores = 1;
  std::uint64_t memory = 0;  // free, bytes
  std::string kvm_trouble;   // why /dev/kvm cannot be used; empty: it can
  bool kvm_gicv2 = false;    // the interrupt controllers that KVM gives to guests
  bool kvm_gicv3 = false;
  std::string qemu_version;  // its first words; empty: QEMU cannot be run
  bool qemu_has_kvm = false;
};

// An error: this is not what a probe prints.
Result<HostFacts> parse_probe(std::string_view text);

// The first reason against it, about this host; none: such a machine can run there.
std::optional<std::string> cannot_run(const HostSpec& host, const HostFacts& facts, const MachineSpec& machine);

}  // namespace bootrig
