// CHECK(condition): states what must be true unless bootrig itself has a bug. Never for input, I/O or guests.
#pragma once

namespace bootrig {
// Prints the condition and its place to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace bootrig

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) ::bootrig::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
