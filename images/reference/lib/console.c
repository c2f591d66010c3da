#include "console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "sysreg.h"

// A PL011's, unless a recipe says otherwise.
#ifndef UART_FLAGS
#define UART_FLAGS 0x18
#endif

enum { kDataRegister = 0x00, kFlagRegister = UART_FLAGS, kTransmitFifoFull = 1 << 5 };

static uintptr_t uart;
static bool in_line;  // something stands in the line, also when it was not ours

void console_open(uintptr_t base) {
  uart = base;
}

static void put_byte(unsigned char byte) {
  if (uart == 0) return;
  while (read32(uart + kFlagRegister) & kTransmitFifoFull) {
  }
  write32(uart + kDataRegister, byte);
  in_line = byte != '\n';
}

void put_bytes(const void* bytes, size_t size) {
  const unsigned char* next = bytes;
  while (size-- > 0) put_byte(*next++);
}

static void put_char(char c) {
  if (c == '\n') put_byte('\r');
  put_byte((unsigned char)c);
}

static void put_text(const char* text) {
  while (*text != '\0') put_char(*text++);
}

static void put_number(uint64_t value, unsigned base, unsigned width) {
  char digits[20];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  for (unsigned i = count; i < width; ++i) put_char('0');
  while (count > 0) put_char(digits[--count]);
}

static void print_list(const char* format, va_list* arguments) {
  for (const char* c = format; *c != '\0'; ++c) {
    if (*c != '%') {
      put_char(*c);
      continue;
    }
    unsigned width = 0;
    while (*++c >= '0' && *c <= '9') width = width * 10 + (unsigned)(*c - '0');
    const bool is_long = *c == 'l';
    if (is_long) ++c;
    if (*c == 's') {
      put_text(va_arg(*arguments, const char*));
    } else if (*c == 'c') {
      put_char((char)va_arg(*arguments, int));
    } else if (*c == 'u' || *c == 'x') {
      const uint64_t value =
          is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
      put_number(value, *c == 'u' ? 10 : 16, width);
    } else if (*c == '%') {
      put_char('%');
    } else {
      return;  // a mistake in the format; say no more than is sure
    }
  }
}

void print(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_list(format, &arguments);
  va_end(arguments);
}

static void begin_line(const char* what) {
  if (in_line) put_char('\n');
  print("%s: %s", program_name, what);
}

void say(const char* format, ...) {
  begin_line("");
  va_list arguments;
  va_start(arguments, format);
  print_list(format, &arguments);
  va_end(arguments);
  put_char('\n');
}

void panic(const char* format, ...) {
  begin_line("PANIC ");
  va_list arguments;
  va_start(arguments, format);
  print_list(format, &arguments);
  va_end(arguments);
  put_char('\n');
  halt();
}

void halt(void) {
  __asm__ volatile("msr daifset, #0xf");
  for (;;) __asm__ volatile("wfi");
}
