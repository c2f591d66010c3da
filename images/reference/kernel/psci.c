#include "console.h"
#include "kernel.h"
#include "variant.h"

enum { kVersion = 0x84000000u, kSystemOff = 0x84000008u, kSystemReset = 0x84000009u };
#define CPU_ON_64 0xc4000003ul

static enum conduit conduit;

// SMC calling convention (Arm DEN 0028): x0-x17 may change.
static int64_t call(uint64_t function, uint64_t a, uint64_t b, uint64_t c) {
  register uint64_t x0 __asm__("x0") = function;
  register uint64_t x1 __asm__("x1") = a;
  register uint64_t x2 __asm__("x2") = b;
  register uint64_t x3 __asm__("x3") = c;
#define PSCI_CALL(instruction)                                                                     \
  __asm__ volatile(instruction " #0"                                                               \
                   : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                        \
                   :                                                                               \
                   : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", \
                     "x16", "x17", "memory")
  if (conduit == kHvc) {
    PSCI_CALL("hvc");
  } else {
    PSCI_CALL("smc");
  }
#undef PSCI_CALL
  return (int64_t)x0;
}

void psci_open(enum conduit from_tree) {
  conduit = from_tree;
  if (FAULT_IS("smc")) conduit = kSmc;
  if (FAULT_IS("hvc")) conduit = kHvc;
  if (conduit == kNoPsci) {
    say("no PSCI in the device tree");
    return;
  }
  const char* by = conduit == kHvc ? "hvc" : "smc";
  const int64_t version = call(kVersion, 0, 0, 0);
  if (version < 0) panic("PSCI by %s does not tell its version: -%u", by, (unsigned)-version);
  say("PSCI %u.%u by %s", (unsigned)version >> 16, (unsigned)version & 0xffff, by);
}

bool psci_there(void) {
  return conduit != kNoPsci;
}

int64_t psci_cpu_on(uint64_t cpu, uint64_t entry, uint64_t argument) {
  return call(CPU_ON_64, cpu, entry, argument);
}

static _Noreturn void end_by(const char* what, uint64_t function) {
  if (!psci_there()) {
    say("no PSCI, so no %s; idle", what);
    halt();
  }
  say("%s by PSCI", what);
  panic("PSCI refused the %s: %u", what, (unsigned)-call(function, 0, 0, 0));
}

void power_off(void) {
  end_by("power-off", kSystemOff);
}

void reset(void) {
  end_by("reset", kSystemReset);
}
