// ELF64 executables (System V gABI, chapters 4 and 5).

#include <stdbool.h>

#include "bytes.h"
#include "console.h"
#include "loader.h"
#include "platform.h"

struct file_header {
  unsigned char ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, phoff, shoff;
  uint32_t flags;
  uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
  uint32_t type, flags;
  uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

enum { kMachineAarch64 = 183, kLoad = 1 };

// Copied out, as the archive aligns files to 4 bytes only.
static struct file_header read_header(const struct program* program) {
  struct file_header header;
  if (program->file.size < sizeof header) panic("%s: is no ELF file", program->name);
  memcpy(&header, program->file.data, sizeof header);
  if (memcmp(header.ident, "\177ELF\2\1", 6) != 0 || header.machine != kMachineAarch64) {
    panic("%s: is no AArch64 ELF file", program->name);
  }
  if (header.phentsize != sizeof(struct segment) || header.phoff > program->file.size ||
      header.phnum > (program->file.size - header.phoff) / sizeof(struct segment)) {
    panic("%s: its program headers lie outside the file", program->name);
  }
  return header;
}

// False when it is not to be loaded.
static bool read_segment(const struct program* program, const struct file_header* header,
                         unsigned index, struct segment* segment) {
  memcpy(segment, program->file.data + header->phoff + index * sizeof *segment, sizeof *segment);
  if (segment->type != kLoad || segment->memsz == 0) return false;
  if (segment->filesz > segment->memsz || segment->offset > program->file.size ||
      segment->filesz > program->file.size - segment->offset ||
      segment->vaddr + segment->memsz < segment->vaddr) {
    panic("%s: segment %u lies outside the file", program->name, index);
  }
  return true;
}

void program_open(struct program* program, const char* name, struct member file) {
  program->name = name;
  program->file = file;
  if (file.data == NULL) panic("archive: there is no member '%s'", name);
  const struct file_header header = read_header(program);
  program->entry = header.entry;
  program->virtual_start = UINT64_MAX;
  program->virtual_end = 0;
  for (unsigned i = 0; i < header.phnum; ++i) {
    struct segment segment;
    if (!read_segment(program, &header, i, &segment)) continue;
    if (segment.vaddr < program->virtual_start) {
      program->virtual_start = segment.vaddr;
      program->physical_start = segment.paddr;
    }
    const uint64_t end = segment.vaddr + segment.memsz;
    if (end > program->virtual_end) program->virtual_end = end;
  }
  if (program->virtual_end == 0) panic("%s: has nothing to load", name);
  if (program->virtual_start % 4096 != 0) panic("%s: does not begin with a page", name);
  if (program->virtual_end - program->virtual_start > 64 * MIB) panic("%s: is too large", name);
  if (header.entry < program->virtual_start || header.entry >= program->virtual_end) {
    panic("%s: its entry 0x%016lx lies outside", name, header.entry);
  }
}

void program_load(const struct program* program) {
  const struct file_header header = read_header(program);
  for (unsigned i = 0; i < header.phnum; ++i) {
    struct segment segment;
    if (!read_segment(program, &header, i, &segment)) continue;
    unsigned char* to =
        (unsigned char*)(program->physical_start + (segment.vaddr - program->virtual_start));
    memcpy(to, program->file.data + segment.offset, segment.filesz);
    memset(to + segment.filesz, 0, segment.memsz - segment.filesz);
  }
}
