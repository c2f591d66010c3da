// What /dev/kvm of this host offers to AArch64 guests.
#pragma once

#include <string>

namespace bootrig {

struct KvmOffer {
  std::string trouble;  // why /dev/kvm cannot be used; empty: it can
  // Interrupt controllers that its guests can have; both false where it cannot be asked.
  bool gicv2 = false;
  bool gicv3 = false;
};

KvmOffer kvm_offer();

}  // namespace bootrig
