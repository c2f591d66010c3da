// The other CPUs. Each is started when the one before has reported, so that no two print at once.

#include "cache.h"
#include "console.h"
#include "kernel.h"
#include "mmu.h"
#include "sysreg.h"
#include "variant.h"

enum { kStackSize = 4096, kMaxCpus = 16 };

// What a new CPU is given; start.S knows the offsets.
struct cpu_start {
  struct mmu_registers mmu;  // 0
  uint64_t stack;            // 40
  uint64_t then;             // 48: virtual, where it goes on once its MMU is on
  uint64_t number;           // 56
};

static __attribute__((aligned(64))) struct cpu_start start;
static __attribute__((aligned(16))) unsigned char stacks[kMaxCpus][kStackSize];
static volatile unsigned running = 1;

extern unsigned char cpu_entry[];

static volatile unsigned lock_a, lock_b;

// The other CPU takes them the other way round.
static void take_both(volatile unsigned* mine, volatile unsigned* other) {
  *mine = 1;
  dsb();
  while (*other == 0) {  // until the other CPU has its own
  }
  while (*other != 0) {  // until it gives it back
  }
}

static _Noreturn void cpu_main(uint64_t number) {
  install_vectors();
  say("cpu %lu runs", number);
  dsb();
  running = running + 1;
  if (FAULT_IS("cpu-deadlock")) take_both(&lock_b, &lock_a);
  halt();
}

static void current_registers(struct mmu_registers* registers) {
  if (current_level() == 2) {
    registers->mair = read_sysreg(mair_el2);
    registers->tcr = read_sysreg(tcr_el2);
    registers->ttbr0 = read_sysreg(ttbr0_el2);
    registers->sctlr = read_sysreg(sctlr_el2);
    return;
  }
  registers->mair = read_sysreg(mair_el1);
  registers->tcr = read_sysreg(tcr_el1);
  registers->ttbr0 = read_sysreg(ttbr0_el1);
  registers->ttbr1 = read_sysreg(ttbr1_el1);
  registers->sctlr = read_sysreg(sctlr_el1);
}

static void start_cpu(unsigned number, uint64_t affinity) {
  const unsigned before = running;
  start.stack = (uintptr_t)stacks[number] + kStackSize;
  start.then = (uintptr_t)cpu_main;
  start.number = number;
  // The new CPU reads this with its MMU off.
  cache_clean((uintptr_t)&start, (uintptr_t)(&start + 1));
  const int64_t answer = psci_cpu_on(affinity, physical_of(cpu_entry), physical_of(&start));
  if (answer != 0) panic("cpu %u: PSCI refused to start it: -%u", number, (unsigned)-answer);
  while (running == before) __asm__ volatile("yield");
}

void cpus_start(const struct machine* machine) {
  const uint64_t self = read_sysreg(mpidr_el1) & 0xff00fffffful;
  say("cpu 0 runs");
  current_registers(&start.mmu);
  unsigned number = 1;
  for (unsigned i = 0; i < machine->cpu_count && psci_there(); ++i) {
    if (machine->cpus[i] != self && number < kMaxCpus) start_cpu(number++, machine->cpus[i]);
  }
  for (unsigned i = number; FAULT_IS("four-cpus") && i < 4; ++i) start_cpu(i, i);
  if (FAULT_IS("cpu-deadlock")) take_both(&lock_a, &lock_b);
  say("%u of %u cpus run", running, machine->cpu_count);
}
