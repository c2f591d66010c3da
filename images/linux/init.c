// The first process of Linux: says so, and does what it was built for. No C library: system calls alone (arm64's numbers,
// Linux, include/uapi/asm-generic/unistd.h).
enum { kWrite = 64, kReboot = 142 };

static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

static void say(const char* text) {
  long size = 0;
  while (text[size] != 0) ++size;
  call(kWrite, 1, (long)text, size, 0);
}

void power_off(void) {
  // reboot(2): LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF
  call(kReboot, 0xfee1dead, 0x28121969, 0x4321fedc, 0);
}

void read_null(void) {
  volatile const unsigned* nothing = 0;
  __asm__("" : "+r"(nothing));  // the compiler does not know that it is null
  (void)*nothing;
}

// ENDING: one of the two above.
void _start(void) {
  say("init: hello from user space\n");
  ENDING();
  for (;;) {
  }
}
