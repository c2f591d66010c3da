// Programs that fall silent, each in another way: the parameter `fault` says how.

#include <stdint.h>

enum { kEmptyMemory = 0x48000000 };  // in RAM, and nobody has written there

// PL011 of QEMU's `virt`, or where another board has its own.
#ifdef FAULT_other_uart
static volatile uint32_t* const uart = (volatile uint32_t*)0x3f201000;
#else
static volatile uint32_t* const uart = (volatile uint32_t*)0x09000000;
#endif

static void put_text(const char* text) {
  while (*text != '\0') *uart = (unsigned char)*text++;
}

static _Noreturn void halt(void) {
  for (;;) __asm__ volatile("wfi");
}

static unsigned current_level(void) {
  uint64_t level;
  __asm__ volatile("mrs %0, CurrentEL" : "=r"(level));
  return level >> 2 & 3;
}

// PSCI (Arm DEN 0022), by hvc at EL1 and by smc at EL2, as QEMU takes it.
static int64_t psci(uint64_t function, uint64_t a, uint64_t b) {
  register uint64_t x0 __asm__("x0") = function;
  register uint64_t x1 __asm__("x1") = a;
  register uint64_t x2 __asm__("x2") = b;
  register uint64_t x3 __asm__("x3") = 0;
  if (current_level() == 2) {
    __asm__ volatile("smc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
  } else {
    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3) : "memory");
  }
  return (int64_t)x0;
}

volatile uint64_t cpu_released, cpu_online, work_done;

extern unsigned char second_start[];

// The second CPU, once started.
_Noreturn void second_main(void) {
#ifdef FAULT_parked_cpu
  while (cpu_released == 0) __asm__ volatile("wfe");
#endif
  cpu_online = 1;
  halt();
}

// Starts the second CPU, as the fault says, and waits for it.
static void start_second(void) {
  const uint64_t cpu_on = 0xc4000003;
#if defined(FAULT_stray_cpu)
  psci(cpu_on, 1, kEmptyMemory);
#elif !defined(FAULT_absent_cpu)
  psci(cpu_on, 1, (uintptr_t)second_start);
#endif
  put_text("bootrig lost: waits for CPU 1\r\n");
  while (cpu_online == 0) {
  }
  put_text("bootrig lost: CPU 1 is there\r\n");
#ifdef FAULT_idle_cpus
  put_text("bootrig lost: waits for work\r\n");
  while (work_done == 0) {
  }
#endif
}

static void jump(uint64_t to) {
  ((void (*)(void))to)();
}

void lost_main(void) {
#if defined(FAULT_quiet_off)
  psci(0x84000008, 0, 0);  // SYSTEM_OFF
#elif defined(FAULT_other_flag)
  // Until "transmitter empty" of a 16550's line status register, which a PL011 does not have.
  while ((uart[0x14 / 4] & 0x20) == 0) {
  }
#endif
  put_text("bootrig lost: starts\r\n");
#if defined(FAULT_zeroes)
  jump(kEmptyMemory);
#elif defined(FAULT_stray_jump)
  put_text("bootrig lost: jumping to 0x48000000\r\n");
  jump(kEmptyMemory);
#elif defined(FAULT_jump)
  put_text("bootrig lost: jumping to 0x40400000\r\n");
  halt();
#elif defined(FAULT_question)
  put_text("lost> ");
  // UARTFR.RXFE: until a byte has come.
  while (uart[0x18 / 4] & 0x10) {
  }
#elif defined(FAULT_progress)
  put_text("loading: ####");
  halt();
#elif defined(FAULT_absent_cpu) || defined(FAULT_stray_cpu) || defined(FAULT_parked_cpu) || defined(FAULT_idle_cpus)
  start_second();
#endif
  put_text("bootrig lost: done\r\n");
  halt();
}
