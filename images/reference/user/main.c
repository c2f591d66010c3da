// The user thread: says the greeting, then ends as the recipe's parameter "ending" asks.

#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "variant.h"

static uint64_t call(uint64_t number, uint64_t a, uint64_t b) {
  register uint64_t x0 __asm__("x0") = a;
  register uint64_t x1 __asm__("x1") = b;
  register uint64_t x8 __asm__("x8") = number;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
  return x0;
}

// A line of literal text.
#define SAY(text)                                            \
  call(kCallPrint, (uint64_t)("bootrig user: " text "\r\n"), \
       sizeof("bootrig user: " text "\r\n") - 1)

// What a console may hold and reports must survive.
static void make_noise(void) {
  SAY("noise begins");
  SAY("NUL \0 between");
  SAY("escape \x1b[31mred\x1b[0m and \x1b]0;title\a bell \a");
  SAY("not UTF-8: \xff\xfe\xc3( \x80 \xed\xa0\x80");
  SAY("XML: ]]> <script>alert('&amp;')</script> <![CDATA[ \"quoted\"");
  SAY("control: \x01\x02\x08\x0b\x0c\x7f");
  SAY("noise ends");
}

// A stack that is the first page of the image (user.ld): nothing is mapped below it.
__attribute__((section(".first"), aligned(4096))) static char small_stack[4096];

static void descend(void) {
  volatile char frame[512];
  frame[0] = 0;
  descend();
  frame[1] = frame[0];  // so that it is no loop
}

static volatile uint64_t visits = 1;  // data: a page that is not the code's

void user_main(void) {
  SAY(TEXT_OF(GREETING));
  if (FAULT_IS("domain-page") || FAULT_IS("domain-access-flag")) {
    SAY("counts a visit");
    ++visits;
  }
  if (FAULT_IS("noise")) make_noise();
  if (ENDING_IS("power-off")) {
    SAY("asks for power-off");
    call(kCallPowerOff, 0, 0);
  } else if (ENDING_IS("reset")) {
    SAY("asks for a reset");
    call(kCallReset, 0, 0);
  } else if (ENDING_IS("yield")) {
    for (int i = 0; i < 1000; ++i) call(kCallYield, 0, 0);
    SAY("is back from 1000 yields");
  } else if (ENDING_IS("null-read")) {
    SAY("reads address 0");
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(0ul));
  } else if (ENDING_IS("wild-read")) {
    SAY("reads address 0x1234567890");
    uint64_t value;
    __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(0x1234567890ul));
  } else if (ENDING_IS("deep")) {
    SAY("calls itself without end");
    __asm__ volatile("mov sp, %0\n blr %1" : : "r"(small_stack + sizeof small_stack), "r"(descend));
  } else if (ENDING_IS("forever")) {
    for (;;) SAY("prints without end");
  }
  SAY("idle");
  call(kCallIdle, 0, 0);
}
