// A rootserver that says hello by the kernel's own console and then gives its time away. It uses no library: a system
// call of seL4 on AArch64 is "svc #0" with its number in x7 and its first argument in x0 (seL4, libsel4/arch_include/arm,
// and include/api/syscall.xml for the numbers).

// Of a debug kernel without MCS. A kernel with MCS has other numbers: the recipe asserts which one it is.
enum { kYield = -7, kDebugPutChar = -9 };

static void call_kernel(long number, long argument) {
  register long x0 __asm__("x0") = argument;
  register long x7 __asm__("x7") = number;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x7) : "memory", "x1", "x2", "x3", "x4", "x5", "x6");
}

static void print(const char *text) {
  for (; *text != '\0'; ++text) call_kernel(kDebugPutChar, *text);
}

// Nothing wakes it, and WFI would be a fault: seL4 lets EL0 neither wait nor sleep by itself.
_Noreturn void main(void) {
  print("bootrig rootserver: hello\n");
  for (;;) call_kernel(kYield, 0);
}
