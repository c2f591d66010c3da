// A reader of "newc" CPIO archives: each member is a header of ASCII text, a name and data, each
// padded to 4 bytes.

#include "bytes.h"
#include "console.h"
#include "loader.h"

extern const unsigned char archive[], archive_end[];

enum {
  kHeaderSize = 110,
  kFileSizeField = 54,
  kNameSizeField = 94,
};

// Eight hexadecimal digits; all ones when a character is none.
static uint32_t hex_field(const unsigned char* at) {
  uint32_t value = 0;
  for (int i = 0; i < 8; ++i) {
    const unsigned char c = at[i] | 0x20;
    if (c >= '0' && c <= '9') {
      value = value << 4 | (uint32_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | (uint32_t)(c - 'a' + 10);
    } else {
      return UINT32_MAX;
    }
  }
  return value;
}

static size_t padded(size_t offset) {
  return (offset + 3) & ~(size_t)3;
}

struct member archive_member(const char* name) {
  const size_t size = (size_t)(archive_end - archive);
  size_t at = 0;
  for (;;) {
    if (size - at < kHeaderSize) panic("archive: ends at byte %lu without an end mark", size);
    const unsigned char* header = archive + at;
    if (memcmp(header, "070701", 6) != 0) panic("archive: no member at byte %lu", at);
    const uint32_t file_size = hex_field(header + kFileSizeField);
    const uint32_t name_size = hex_field(header + kNameSizeField);
    const char* member = (const char*)header + kHeaderSize;
    if (name_size == 0 || name_size > size - at - kHeaderSize || member[name_size - 1] != '\0') {
      panic("archive: the name at byte %lu is cut off", at + kHeaderSize);
    }
    if (text_equal(member, "TRAILER!!!")) return (struct member){NULL, 0};
    const size_t data = padded(at + kHeaderSize + name_size);
    const size_t there = data < size ? size - data : 0;
    if (file_size > there) {
      panic("archive: member '%s' is cut off: %lu of %u bytes are there", member, there, file_size);
    }
    if (text_equal(member, name)) return (struct member){archive + data, file_size};
    at = padded(data + file_size);
    if (at > size) at = size;
  }
}
