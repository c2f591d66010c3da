// The loader's parts, in the order in which main.c uses them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mmu.h"
#include "tree.h"

// From loader.ld: the loader in memory, whole pages.
extern unsigned char loader_start[], loader_end[];

// start.S
void leave_el3(uint64_t scr, uint64_t spsr);
uint32_t tree_word(const void* tree);

// secure.c: what firmware does at EL3 before it leaves the secure world for good.
void drop_from_el3(const struct machine* machine);

// archive.c: a member of the archive linked into the loader. `data` is null when there is none of
// that name. A broken archive is a PANIC that names the member.
struct member {
  const unsigned char* data;
  size_t size;
};
struct member archive_member(const char* name);

// program.c: an ELF file that is to be run.
struct program {
  const char* name;
  struct member file;
  uint64_t entry;
  uint64_t virtual_start, virtual_end;
  uint64_t physical_start;
};
// Checks the file and finds its extent. PANIC when it cannot be loaded.
void program_open(struct program* program, const char* name, struct member file);
// Copies the segments, so that `virtual_start` comes to lie at `physical_start`; zeroes what the
// file does not hold.
void program_load(const struct program* program);

// tables.c: translation tables for the current level, 1 or 2: memory and devices mapped to
// themselves, and the kernel's window. Gives the registers that select them; `window` becomes the
// kernel's address in this regime.
void build_tables(const struct machine* machine, const struct program* kernel,
                  struct mmu_registers* registers, uint64_t* window);
