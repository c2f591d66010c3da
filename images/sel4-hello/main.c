// A rootserver that says hello by the kernel's own console and then waits. It uses no library: a system call of seL4 on
// AArch64 is "svc #0" with its number in x7 and its first argument in x0 (seL4, libsel4/arch_include/arm, and
// include/api/syscall.xml for the numbers).

// Of a debug kernel without MCS. A kernel with MCS has other numbers: the recipe asserts which one it is.
#define SYS_DEBUG_PUT_CHAR (-9L)

static void put_char(char c) {
  register long value __asm__("x0") = c;
  register long number __asm__("x7") = SYS_DEBUG_PUT_CHAR;
  __asm__ volatile("svc #0" : "+r"(value) : "r"(number) : "memory", "x1", "x2", "x3", "x4", "x5", "x6");
}

static void print(const char *text) {
  for (; *text != '\0'; ++text) put_char(*text);
}

void main(void) {
  print("bootrig rootserver: hello\n");
}
