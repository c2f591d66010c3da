// Where QEMU's `virt` machine has what the images use. Source of the numbers: QEMU's documentation
// of `virt` and the device tree it passes. Memory sizes, the number of CPUs and the PSCI conduit
// are read from the machine, never from here.
#pragma once

#define UART_PHYSICAL 0x09000000ul               // PL011
#define GIC_DISTRIBUTOR_PHYSICAL 0x08000000ul    // GICv2: 4 KiB, GICv3: 64 KiB
#define GIC_INTERFACE_PHYSICAL 0x08010000ul      // GICv2 only
#define GIC_REDISTRIBUTOR_PHYSICAL 0x080a0000ul  // GICv3 only: two 64 KiB frames for each CPU
#define RAM_PHYSICAL 0x40000000ul

#define GIB (1ul << 30)
#define MIB (1ul << 20)
