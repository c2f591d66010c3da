// A reader of flattened device trees (Devicetree Specification 0.4, chapter 5), and the facts the
// images take from one. tree_open checks the whole structure once, so that no later read can leave
// the tree.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tree {
  const unsigned char* base;
  uint32_t size;  // what the tree really uses; QEMU passes a block of 1 MiB that is mostly empty
  uint32_t structure, structure_end;
  uint32_t strings, strings_end;
};

// Null, or what is wrong with the tree. `limit`: how many bytes may be looked at.
const char* tree_open(struct tree* tree, const void* base, size_t limit);

// Walks all nodes in the order of the file. Start with a zeroed node; false at the end.
struct tree_node {
  const char* name;
  int depth;            // 1: the root
  uint32_t properties;  // where its properties begin
  uint32_t next;
  int open;
};
_Bool tree_next(const struct tree* tree, struct tree_node* node);

// A property's bytes, null when the node has none of that name.
const unsigned char* tree_property(const struct tree* tree, const struct tree_node* node,
                                   const char* name, uint32_t* size);

// What the images want to know of the machine.
enum conduit { kNoPsci, kHvc, kSmc };
struct machine {
  struct {
    uint64_t start, size;
  } memory[4];
  unsigned memory_count;
  uint64_t cpus[16];  // MPIDR affinities
  unsigned cpu_count;
  enum conduit conduit;
};
void machine_read(struct machine* machine, const struct tree* tree);
