// What a boot loader hands over by Linux's boot protocol, looked at: the device tree that x0 names, and the initrd that
// its node /chosen names. Says what it found and waits, or panics over what it cannot use.

#include "bytes.h"
#include "console.h"
#include "platform.h"
#include "sysreg.h"
#include "tree.h"
#include "variant.h"

const char program_name[] = "bootrig kernel";

enum { kHeaderSize = 110, kFileSizeField = 54, kNameSizeField = 94 };  // cpio(5), New ASCII Format

static uint64_t number_of(const unsigned char* bytes, uint32_t size) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

static uint64_t hex_field(const unsigned char* at) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    const unsigned char c = at[i] | 0x20;
    value = value << 4 | (uint64_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
  }
  return value;
}

static uint64_t padded(uint64_t offset) {
  return (offset + 3) & ~3ul;
}

// How many members the archive has; panics where it is not whole.
static unsigned count_members(const unsigned char* archive, uint64_t size) {
  uint64_t at = 0;
  for (unsigned count = 0;; ++count) {
    if (size - at < kHeaderSize || memcmp(archive + at, "070701", 6) != 0) {
      panic("initrd at 0x%016lx: no member at byte %lu of %lu", (uintptr_t)archive, at, size);
    }
    const char* name = (const char*)archive + at + kHeaderSize;
    const uint64_t data = padded(at + kHeaderSize + hex_field(archive + at + kNameSizeField));
    if (text_equal(name, "TRAILER!!!")) return count;
    const uint64_t behind = padded(data + hex_field(archive + at + kFileSizeField));
    if (behind > size) panic("initrd at 0x%016lx: '%s' is cut off", (uintptr_t)archive, name);
    at = behind;
  }
}

static uint64_t chosen_number(const struct tree* tree, const char* property) {
  struct tree_node node = {0};
  while (tree_next(tree, &node)) {
    if (node.depth != 2 || !text_equal(node.name, "chosen")) continue;
    uint32_t size = 0;
    const unsigned char* bytes = tree_property(tree, &node, property, &size);
    return bytes != NULL && size <= 8 ? number_of(bytes, size) : 0;
  }
  return 0;
}

// A heap that somebody placed without a look at the device tree.
static void clear_heap(uint64_t where) {
  memset((void*)(where + 64), 0, 4096);
}

_Noreturn void handover_main(uint64_t tree_address) {
  struct tree tree;
  console_open(UART_PHYSICAL);
  say("entered at EL%u", current_level());
  const char* problem = tree_open(&tree, (const void*)tree_address, 2 * MIB);
  if (problem != NULL) panic("device tree at 0x%016lx: %s", tree_address, problem);
  const uint64_t start = chosen_number(&tree, "linux,initrd-start"), end = chosen_number(&tree, "linux,initrd-end");
  if (end <= start) panic("no initrd is named in /chosen");
  say("initrd 0x%016lx..0x%016lx", start, end);
  if (FAULT_IS("heap-over-initrd")) clear_heap(start);
  say("initrd is whole, %u members", count_members((const unsigned char*)start, end - start));
  halt();
}
