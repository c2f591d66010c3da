#include "spec/root_causes.h"

#include <algorithm>
#include <array>

namespace bootrig {
namespace {

const auto kNames = std::to_array<std::string>({
    "access-flag-clear",
    "assertion-failed",
    "call-to-garbage",
    "code-overwritten",
    "conduit-mismatch",
    "console-not-ready",
    "cpu-deadlock",
    "cpu-lacks-feature",
    "cpu-not-there",
    "damaged-device-tree",
    "damaged-initrd",
    "damaged-program",
    "deadlock-in-wfi",
    "device-memory",
    "device-not-mapped",
    "device-tree-mismatch",
    "device-tree-not-given",
    "device-tree-not-mapped",
    "device-tree-overwritten",
    "device-tree-too-large",
    "dump-contradicts-machine",
    "endless-output",
    "execute-never",
    "firmware-image-below-el3",
    "floating-point-trapped",
    "gave-up",
    "hang",
    "hypervisor-image-below-el2",
    "image-entered-at-el2",
    "image-entered-at-el3",
    "image-for-gicv2",
    "image-for-gicv3",
    "image-outside-ram",
    "initrd-compression",
    "initrd-overwritten",
    "jump-to-garbage",
    "kvm-cannot-emulate",
    "lost-behind-jump",
    "memory-beyond-ram",
    "mute-kernel",
    "never-started",
    "nothing-at-address",
    "null-call",
    "null-pointer",
    "read-only-mapping",
    "register-trapped",
    "reset-loop",
    "return-to-garbage",
    "runs-in-zeroes",
    "secondary-cpu-missing",
    "sel4-error",
    "silent-end",
    "stack-overflow",
    "table-entry-missing",
    "table-not-linked",
    "truncated-archive",
    "vector-recursion",
    "vectors-not-set",
    "waits-for-input",
    "wild-pointer",
    "wrong-console",
    "wrong-output-address",
    "wrong-table-depth",
    "wrong-uart",
});

}  // namespace

std::span<const std::string> root_cause_names() {
  return kNames;
}

bool is_root_cause(std::string_view name) {
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace bootrig
