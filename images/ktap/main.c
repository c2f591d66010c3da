// Tests of what any CPU at EL1 or EL2 must do, told in KTAP version 1 (the kernel's Documentation/dev-tools/ktap.rst):
// a test, a suite of two tests within, and a test that is skipped. Then it powers off.

#include <stdint.h>

// PL011 of QEMU's `virt`. It can be written to without any set-up.
static volatile uint32_t* const uart = (volatile uint32_t*)0x09000000;

static void put_text(const char* text) {
  while (*text != '\0') *uart = (unsigned char)*text++;
}

static void put_result(const char* indent, int good, const char* number_and_name) {
  put_text(indent);
  put_text(good ? "ok " : "not ok ");
  put_text(number_and_name);
  put_text("\r\n");
}

static unsigned current_level(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, CurrentEL" : "=r"(value));
  return value >> 2 & 3;
}

// Memory that is written keeps what it was given.
static int stack_keeps(void) {
  volatile uint64_t words[8];
  for (int i = 0; i < 8; ++i) words[i] = 0x0123456789abcdefu ^ i;
#ifdef BROKEN_stack
  words[3] = 0;
#endif
  for (int i = 0; i < 8; ++i) {
    if (words[i] != (0x0123456789abcdefu ^ i)) return 0;
  }
  return 1;
}

// Procedure Call Standard for the Arm 64-bit Architecture: the stack pointer is a multiple of 16.
static int stack_is_aligned(void) {
  uint64_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value % 16 == 0;
}

static int test_stack(void) {
  put_text("    KTAP version 1\r\n    # Subtest: stack\r\n    1..2\r\n");
  const int aligned = stack_is_aligned(), keeps = stack_keeps();
  put_result("    ", aligned, "1 aligned");
  if (!keeps) put_text("    # keeps: word 3 is 0\r\n");
  put_result("    ", keeps, "2 keeps");
  return aligned && keeps;
}

// PSCI SYSTEM_OFF (Arm DEN 0022). QEMU answers hvc when it enters the image at EL1, smc at EL2.
static void power_off(unsigned level) {
  register uint64_t x0 __asm__("x0") = 0x84000008;
  if (level == 1) __asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
  if (level == 2) __asm__ volatile("smc #0" : "+r"(x0) : : "memory");
}

void ktap_main(void) {
  const unsigned level = current_level();
  put_text("KTAP version 1\r\n1..3\r\n");
  put_result("", level == 1 || level == 2, "1 level");
  put_result("", test_stack(), "2 stack");
  put_text("ok 3 timer # SKIP not looked at\r\n");
  power_off(level);
  for (;;) __asm__ volatile("wfi");
}
