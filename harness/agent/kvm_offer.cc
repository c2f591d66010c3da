#include "agent/kvm_offer.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bootrig {
namespace {

// Documentation/virt/kvm/api.rst, KVM_CREATE_DEVICE: with the flag TEST nothing is made.
bool can_make(int machine, std::uint32_t type) {
  kvm_create_device device{};
  device.type = type;
  device.flags = KVM_CREATE_DEVICE_TEST;
  return ::ioctl(machine, KVM_CREATE_DEVICE, &device) == 0;
}

}  // namespace

KvmOffer kvm_offer() {
  const int kvm = ::open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) return {.trouble = std::strerror(errno)};
  KvmOffer offer;
  const int machine = ::ioctl(kvm, KVM_CREATE_VM, 0);
  if (machine >= 0) {
    offer.gicv2 = can_make(machine, KVM_DEV_TYPE_ARM_VGIC_V2);
    offer.gicv3 = can_make(machine, KVM_DEV_TYPE_ARM_VGIC_V3);
    ::close(machine);
  } else {
    offer.trouble = std::string("no machine can be made: ") + std::strerror(errno);
  }
  ::close(kvm);
  return offer;
}

}  // namespace bootrig
