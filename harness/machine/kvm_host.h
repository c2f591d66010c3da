// Whether this host can run machines under KVM. What is asked of the host is a small struct, so
// that tests can be any host.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "process/launcher.h"
#include "spec/target.h"

namespace bootrig {

struct KvmHost {
  std::string architecture;    // as uname names it: "aarch64"
  std::string device_trouble;  // why /dev/kvm cannot be used; empty: it can
  bool gicv2 = true;           // the interrupt controllers that KVM gives to guests
  bool gicv3 = true;
  // What `QEMU -accel help` prints; none: that QEMU cannot be run, which is an error for its start
  // to report.
  std::function<std::optional<std::string>(const std::string& qemu)> accelerators;
};

// Of this host. The launcher outlives what is returned.
KvmHost this_kvm_host(ProcessLauncher& launcher);

// The first reason against it; none: such a machine can run here, or needs no KVM.
std::optional<std::string> kvm_unavailable(const KvmHost& host, const MachineSpec& machine);

}  // namespace bootrig
