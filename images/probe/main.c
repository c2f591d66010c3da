// The smallest useful image: says which CPU it is on and at which Exception level, then powers off
// or waits for ever. It needs no other file than those of this folder: begin with a copy of it.

#include <stdint.h>

// PL011 of QEMU's `virt`. It can be written to without any set-up.
static volatile uint32_t* const uart = (volatile uint32_t*)0x09000000;

static void put_text(const char* text) {
  while (*text != '\0') *uart = (unsigned char)*text++;
}

static void put_hex(uint64_t value, int digits) {
  put_text("0x");
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    *uart = (unsigned char)"0123456789abcdef"[value >> shift & 15];
  }
}

#define read_sysreg(name)                              \
  ({                                                   \
    uint64_t value_;                                   \
    __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
    value_;                                            \
  })

#ifdef ENDING_power_off
// PSCI SYSTEM_OFF (Arm DEN 0022). QEMU answers hvc when it enters the image at EL1, smc at EL2, and
// neither at EL3.
static void power_off(unsigned level) {
  register uint64_t x0 __asm__("x0") = 0x84000008;
  if (level == 1) __asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
  if (level == 2) __asm__ volatile("smc #0" : "+r"(x0) : : "memory");
  put_text("bootrig probe: cannot power off\r\n");
}
#endif

#ifdef FAULT_assertion
// Says where, in TF-A's form, and stops.
static void demand(int is_so, const char* line) {
  if (is_so) return;
  put_text("ASSERT: " __FILE_NAME__ ":");
  put_text(line);
  put_text("\r\n");
  for (;;) __asm__ volatile("wfi");
}
#define TEXT_OF_LINE(line) #line
#define TEXT_OF(line) TEXT_OF_LINE(line)
#define DEMAND(what) demand(what, TEXT_OF(__LINE__))
#endif

#ifdef ENDING_restart
// As after a watchdog's reset: from the entry point, a fifth of a second later.
static void restart(void) {
  extern void _start(void);
  const uint64_t begin = read_sysreg(cntpct_el0), wait = read_sysreg(cntfrq_el0) / 5;
  while (read_sysreg(cntpct_el0) - begin < wait) {
  }
  _start();
}
#endif

void probe_main(void) {
  const unsigned level = read_sysreg(CurrentEL) >> 2 & 3;
  put_text("bootrig probe: EL");
  *uart = '0' + level;
  put_text(", MIDR ");
  put_hex(read_sysreg(midr_el1), 8);
  put_text("\r\n");
#if defined(FAULT_lower_vectors) || defined(FAULT_bad_vectors)
  __asm__ volatile("udf #0");
#endif
#ifdef FAULT_assertion
  DEMAND(level == 0);
#endif
#ifdef ENDING_power_off
  power_off(level);
#endif
#ifdef ENDING_restart
  put_text("bootrig probe: its watchdog is not fed\r\n");
  restart();
#endif
  put_text("bootrig probe: idle\r\n");
  for (;;) __asm__ volatile("wfi");
}
