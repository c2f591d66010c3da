// The serial line, and text on it. Polled; no buffering, so that what was printed before a crash
// has left the machine.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Every line of a program begins with its name: "bootrig loader", "bootrig kernel". Each program
// defines it.
extern const char program_name[];

// The UART's address as this program sees it. Until it is set, output is dropped.
void console_open(uintptr_t base);

// Bytes as they are.
void put_bytes(const void* bytes, size_t size);

// Knows %s, %c, %u, %lu, %x and %lx with an optional zero-padded width, and %%. '\n' leaves as
// "\r\n".
__attribute__((format(printf, 1, 2))) void print(const char* format, ...);

// "<program name>: " and the text, at the beginning of a line: one that was not finished ends
// first.
__attribute__((format(printf, 1, 2))) void say(const char* format, ...);

// "<program name>: PANIC " and the text: an error that the program found itself. Halts this CPU.
__attribute__((format(printf, 1, 2), noreturn)) void panic(const char* format, ...);

// Waits for ever with interrupts masked; costs the host nothing.
__attribute__((noreturn)) void halt(void);
