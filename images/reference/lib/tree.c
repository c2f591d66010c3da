#include "tree.h"

#include <stdbool.h>

#include "bytes.h"

enum { kMagic = 0xd00dfeed, kHeaderSize = 40, kOldestVersion = 16 };
enum { kBeginNode = 1, kEndNode = 2, kProperty = 3, kNop = 4, kEnd = 9 };

static uint32_t big_endian(const unsigned char* at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t aligned(uint32_t offset) {
  return (offset + 3) & ~3u;
}

// The offset behind the text's end, 0 when the text does not end before `end`.
static uint32_t text_end(const struct tree* tree, uint32_t offset, uint32_t end) {
  while (offset < end) {
    if (tree->base[offset++] == '\0') return offset;
  }
  return 0;
}

struct token {
  uint32_t kind;
  uint32_t data;  // a node's name or a property's value
  uint32_t size;  // of the value
  uint32_t name;  // a property's name, in the strings
  uint32_t next;
};

// False when the token at `offset` is malformed or leaves the structure.
static bool read_token(const struct tree* tree, uint32_t offset, struct token* token) {
  const uint32_t end = tree->structure_end;
  if (offset > end || end - offset < 4) return false;
  token->kind = big_endian(tree->base + offset);
  token->next = offset + 4;
  if (token->kind == kBeginNode) {
    token->data = offset + 4;
    const uint32_t behind = text_end(tree, token->data, end);
    token->next = aligned(behind);
    return behind != 0;
  }
  if (token->kind == kProperty) {
    if (end - offset < 12) return false;
    token->size = big_endian(tree->base + offset + 4);
    const uint32_t name = big_endian(tree->base + offset + 8);
    token->data = offset + 12;
    if (token->size > end - token->data || name >= tree->strings_end - tree->strings) return false;
    token->name = tree->strings + name;
    token->next = aligned(token->data + token->size);
    return text_end(tree, token->name, tree->strings_end) != 0;
  }
  return token->kind == kEndNode || token->kind == kNop || token->kind == kEnd;
}

static const char* check_structure(const struct tree* tree) {
  struct token token = {.next = tree->structure};
  int depth = 0;
  do {
    if (!read_token(tree, token.next, &token)) return "a token is malformed";
    if (token.kind == kBeginNode) ++depth;
    if (token.kind == kEndNode && --depth < 0) return "a node ends that never began";
    if (token.kind == kProperty && depth == 0) return "a property stands outside all nodes";
  } while (token.kind != kEnd);
  return depth == 0 ? NULL : "a node never ends";
}

const char* tree_open(struct tree* tree, const void* base, size_t limit) {
  const unsigned char* header = base;
  if (limit < kHeaderSize || big_endian(header) != kMagic) return "no device tree";
  const uint32_t total = big_endian(header + 4);
  const uint32_t structure_size = big_endian(header + 36);
  const uint32_t strings_size = big_endian(header + 32);
  tree->base = header;
  tree->structure = big_endian(header + 8);
  tree->strings = big_endian(header + 12);
  if (big_endian(header + 20) < kOldestVersion) return "its version is too old";
  if (total < kHeaderSize || total > limit) return "its size is beyond the memory it lies in";
  if (tree->structure > total || structure_size > total - tree->structure ||
      tree->structure % 4 != 0) {
    return "its structure lies outside";
  }
  if (tree->strings > total || strings_size > total - tree->strings) {
    return "its strings lie outside";
  }
  tree->structure_end = tree->structure + structure_size;
  tree->strings_end = tree->strings + strings_size;
  tree->size = tree->structure_end > tree->strings_end ? tree->structure_end : tree->strings_end;
  return check_structure(tree);
}

_Bool tree_next(const struct tree* tree, struct tree_node* node) {
  struct token token = {.next = node->next != 0 ? node->next : tree->structure};
  while (read_token(tree, token.next, &token) && token.kind != kEnd) {
    if (token.kind == kEndNode) --node->open;
    if (token.kind != kBeginNode) continue;
    node->depth = ++node->open;
    node->name = (const char*)tree->base + token.data;
    node->properties = node->next = token.next;
    return true;
  }
  return false;
}

const unsigned char* tree_property(const struct tree* tree, const struct tree_node* node,
                                   const char* name, uint32_t* size) {
  struct token token = {.next = node->properties};
  while (read_token(tree, token.next, &token) && (token.kind == kProperty || token.kind == kNop)) {
    if (token.kind == kNop) continue;
    if (!text_equal((const char*)tree->base + token.name, name)) continue;
    *size = token.size;
    return tree->base + token.data;
  }
  return NULL;
}

// True when the property is there and is exactly this text.
static bool property_is(const struct tree* tree, const struct tree_node* node, const char* name,
                        const char* text) {
  uint32_t size = 0;
  const unsigned char* value = tree_property(tree, node, name, &size);
  return value != NULL && size > 0 && value[size - 1] == '\0' &&
         text_equal((const char*)value, text);
}

static uint32_t cell_count(const struct tree* tree, const struct tree_node* node, const char* name,
                           uint32_t otherwise) {
  uint32_t size = 0;
  const unsigned char* value = tree_property(tree, node, name, &size);
  return value != NULL && size == 4 ? big_endian(value) : otherwise;
}

static uint64_t read_cells(const unsigned char* at, uint32_t cells) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < cells; ++i) value = value << 32 | big_endian(at + 4 * i);
  return value;
}

static void add_memory(struct machine* machine, const struct tree* tree,
                       const struct tree_node* node, uint32_t address_cells, uint32_t size_cells) {
  const uint32_t entry = 4 * (address_cells + size_cells);
  uint32_t size = 0;
  const unsigned char* reg = tree_property(tree, node, "reg", &size);
  // Memory of the secure world alone is listed too; its status says that it is not ours.
  if (reg == NULL || property_is(tree, node, "status", "disabled")) return;
  for (uint32_t at = 0; size - at >= entry && entry != 0; at += entry) {
    if (machine->memory_count == sizeof machine->memory / sizeof machine->memory[0]) return;
    machine->memory[machine->memory_count].start = read_cells(reg + at, address_cells);
    machine->memory[machine->memory_count].size =
        read_cells(reg + at + 4 * address_cells, size_cells);
    ++machine->memory_count;
  }
}

static void add_cpu(struct machine* machine, const struct tree* tree, const struct tree_node* node,
                    uint32_t cells) {
  uint32_t size = 0;
  const unsigned char* reg = tree_property(tree, node, "reg", &size);
  if (reg == NULL || size < 4 * cells) return;
  if (machine->cpu_count == sizeof machine->cpus / sizeof machine->cpus[0]) return;
  machine->cpus[machine->cpu_count++] = read_cells(reg, cells);
}

void machine_read(struct machine* machine, const struct tree* tree) {
  struct tree_node node = {0};
  uint32_t address_cells = 2, size_cells = 1, cpu_cells = 1;
  memset(machine, 0, sizeof *machine);
  while (tree_next(tree, &node)) {
    if (node.depth == 1) {
      address_cells = cell_count(tree, &node, "#address-cells", 2);
      size_cells = cell_count(tree, &node, "#size-cells", 1);
    } else if (node.depth == 2 && text_equal(node.name, "cpus")) {
      cpu_cells = cell_count(tree, &node, "#address-cells", 1);
    } else if (node.depth == 2 && property_is(tree, &node, "device_type", "memory")) {
      add_memory(machine, tree, &node, address_cells, size_cells);
    } else if (node.depth == 2 && text_equal(node.name, "psci")) {
      if (property_is(tree, &node, "method", "hvc")) machine->conduit = kHvc;
      if (property_is(tree, &node, "method", "smc")) machine->conduit = kSmc;
    } else if (node.depth == 3 && property_is(tree, &node, "device_type", "cpu")) {
      add_cpu(machine, tree, &node, cpu_cells);
    }
  }
}
