#include "bytes.h"

#include <stdint.h>

// Words where both sides allow it: the loader copies with the MMU off, where each access goes to
// memory.
void* memcpy(void* restrict to, const void* restrict from, size_t size) {
  unsigned char* out = to;
  const unsigned char* in = from;
  if ((((uintptr_t)out | (uintptr_t)in) & 7) == 0) {
    for (; size >= 8; size -= 8, out += 8, in += 8) *(uint64_t*)out = *(const uint64_t*)in;
  }
  while (size-- > 0) *out++ = *in++;
  return to;
}

void* memset(void* to, int byte, size_t size) {
  unsigned char* out = to;
  if (((uintptr_t)out & 7) == 0) {
    const uint64_t word = 0x0101010101010101ul * (unsigned char)byte;
    for (; size >= 8; size -= 8, out += 8) *(uint64_t*)out = word;
  }
  while (size-- > 0) *out++ = (unsigned char)byte;
  return to;
}

int memcmp(const void* left, const void* right, size_t size) {
  const unsigned char* a = left;
  const unsigned char* b = right;
  for (; size > 0; --size, ++a, ++b) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

bool text_equal(const char* left, const char* right) {
  while (*left != '\0' && *left == *right) {
    ++left;
    ++right;
  }
  return *left == *right;
}
