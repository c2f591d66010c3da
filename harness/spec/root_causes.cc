#include "spec/root_causes.h"

#include <algorithm>
#include <array>

namespace bootrig {
namespace {

const std::array<std::string, 43> kNames{
    "access-flag-clear",
    "assertion-failed",
    "call-to-garbage",
    "code-overwritten",
    "conduit-mismatch",
    "cpu-deadlock",
    "cpu-lacks-feature",
    "deadlock-in-wfi",
    "device-memory",
    "device-not-mapped",
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
    "kvm-cannot-emulate",
    "memory-beyond-ram",
    "mute-kernel",
    "nothing-at-address",
    "null-call",
    "null-pointer",
    "read-only-mapping",
    "register-trapped",
    "reset-loop",
    "return-to-garbage",
    "sel4-error",
    "stack-overflow",
    "table-entry-missing",
    "table-not-linked",
    "truncated-archive",
    "vector-recursion",
    "vectors-not-set",
    "wild-pointer",
    "wrong-console",
    "wrong-output-address",
    "wrong-table-depth",
};

}  // namespace

std::span<const std::string> root_cause_names() {
  return kNames;
}

bool is_root_cause(std::string_view name) {
  return std::ranges::find(kNames, name) != kNames.end();
}

}  // namespace bootrig
