// The loader: unpacks kernel and user image, maps the kernel's window and enters it.

#include "boot.h"
#include "bytes.h"
#include "cache.h"
#include "console.h"
#include "exception.h"
#include "loader.h"
#include "platform.h"
#include "sysreg.h"
#include "variant.h"

const char program_name[] = "bootrig loader";

enum {
  kTreeLimit = 2 * MIB,   // QEMU's tree takes 1 MiB of memory, most of it empty
  kTreeSlot = 64 * 1024,  // the tree's place is a multiple of this, so that addresses behind it are
                          // the same whatever the machine describes in it
};

void handle_exception(struct context* context) {
  dump("EXCEPTION", context);
  halt();
}

static uint64_t round_up(uint64_t value, uint64_t unit) {
  return (value + unit - 1) & ~(unit - 1);
}

static void report_start(void) {
  const uint64_t midr = read_sysreg(midr_el1);
  say("entered at EL%u", current_level());
  say("cpu MIDR 0x%08lx, implementer 0x%02lx, part 0x%03lx", midr, midr >> 24 & 0xff,
      midr >> 4 & 0xfff);
  say("runs at 0x%016lx..0x%016lx", (uintptr_t)loader_start, (uintptr_t)loader_end);
}

// QEMU puts its device tree at the start of memory. Without one there the archive's is taken; an image with a tree of its
// own (images/own-tree) takes that always.
static void find_tree(struct tree* tree) {
  const void* base = (const void*)RAM_PHYSICAL;
  if (!FAULT_IS("own-tree") && tree_word(base) == 0xedfe0dd0) {  // the magic number, which is big-endian
    const char* problem = tree_open(tree, base, kTreeLimit);
    if (problem != NULL) panic("device tree at 0x%016lx: %s", (uintptr_t)base, problem);
    say("device tree at 0x%016lx", (uintptr_t)base);
    return;
  }
  const struct member member = archive_member("kernel.dtb");
  if (member.data == NULL)
    panic("no device tree at 0x%016lx, and none in the archive", (uintptr_t)base);
  const char* problem = tree_open(tree, member.data, member.size);
  if (problem != NULL) panic("device tree in the archive: %s", problem);
  say("device tree from the archive");
}

// Where everything goes. Kernel: where it is linked to. Then the device tree and the user image, as
// seL4 wants them: below the loader if there is room, otherwise behind it.
struct plan {
  struct program kernel;
  struct program user;
  uint64_t kernel_end;
  uint64_t tree_start;
  uint64_t user_end;
};

static void plan_memory(struct plan* plan, const struct tree* tree, const struct machine* machine) {
  const uint64_t first = (uintptr_t)loader_start, last = (uintptr_t)loader_end;
  const uint64_t tree_room = round_up(tree->size, kTreeSlot);
  const uint64_t user_room = round_up(plan->user.virtual_end - plan->user.virtual_start, 4096);
  const uint64_t start = plan->kernel.physical_start;
  plan->kernel_end = round_up(start + plan->kernel.virtual_end - plan->kernel.virtual_start, 4096);
  if (plan->kernel_end > first && start < last) panic("kernel.elf: its place is the loader's");
  plan->tree_start = plan->kernel_end;
  if (plan->tree_start < last && plan->tree_start + tree_room + user_room > first) {
    plan->tree_start = last;
  }
  // Into what the kernel's program headers have cleared, 16 KiB before its end.
  if (FAULT_IS("tree-in-bss")) plan->tree_start = plan->kernel_end - 16 * 1024;
  plan->user.physical_start = plan->tree_start + tree_room;
  plan->user_end = plan->user.physical_start + user_room;
  const uint64_t memory_start = machine->memory[0].start;
  const uint64_t memory_end = memory_start + machine->memory[0].size;
  if (start < memory_start || plan->kernel_end > memory_end || plan->user_end > memory_end) {
    panic("memory 0x%016lx..0x%016lx does not hold the programs", memory_start, memory_end);
  }
}

// The device tree goes first: the kernel's place is where QEMU put it.
static void unpack(const struct plan* plan, const struct tree* tree) {
  unsigned char* to = (unsigned char*)plan->tree_start;
  if (to < tree->base + tree->size && tree->base < to + tree->size) {
    panic("device tree: its %u bytes reach its new place", tree->size);
  }
  memcpy(to, tree->base, tree->size);
  for (int i = 0; i < 4; ++i) to[4 + i] = (unsigned char)(tree->size >> (24 - 8 * i));  // totalsize
  program_load(&plan->kernel);
  program_load(&plan->user);
  say("kernel 0x%016lx..0x%016lx", plan->kernel.physical_start, plan->kernel_end);
  say("device tree copied to 0x%016lx", plan->tree_start);
  say("user 0x%016lx..0x%016lx, linked at 0x%016lx", plan->user.physical_start, plan->user_end,
      plan->user.virtual_start);
}

static void open_programs(struct plan* plan) {
  program_open(&plan->kernel, "kernel.elf", archive_member("kernel.elf"));
  say("kernel.elf, %lu bytes, entry 0x%016lx", plan->kernel.file.size, plan->kernel.entry);
  program_open(&plan->user, "user.elf", archive_member("user.elf"));
  say("user.elf, %lu bytes, entry 0x%016lx", plan->user.file.size, plan->user.entry);
}

static void start_mmu(const struct plan* plan, const struct machine* machine, uint64_t* window) {
  struct mmu_registers registers;
  build_tables(machine, &plan->kernel, &registers, window);
  if (current_level() == 2) {
    say("TTBR0_EL2 0x%016lx", registers.ttbr0);
  } else {
    say("TTBR0_EL1 0x%016lx, TTBR1_EL1 0x%016lx", registers.ttbr0, registers.ttbr1);
  }
  say("kernel window 0x%016lx", *window);
  cache_invalidate((uintptr_t)loader_start, (uintptr_t)loader_end);
  cache_invalidate(plan->kernel.physical_start, plan->kernel_end);
  cache_invalidate(plan->tree_start, plan->user_end);
  turn_mmu_on(&registers);
}

_Noreturn void loader_main(void) {
  struct tree tree;
  struct machine machine;
  struct plan plan;
  uint64_t window = 0;
  console_open(UART_PHYSICAL);
  report_start();
  find_tree(&tree);
  machine_read(&machine, &tree);
  if (machine.memory_count == 0) panic("device tree: describes no memory");
  open_programs(&plan);
  if (current_level() == 3) {
    drop_from_el3(&machine);
    install_vectors();
  }
  say("goes on at EL%u", current_level());
  plan_memory(&plan, &tree, &machine);
  unpack(&plan, &tree);
  start_mmu(&plan, &machine, &window);
  if (FAULT_IS("wrong-entry")) window += 16 * GIB;  // where no table has anything, and nothing should be
  say("enters the kernel");
  kernel_entry* enter = (kernel_entry*)(window + plan.kernel.entry - plan.kernel.virtual_start);
  enter(plan.user.physical_start, plan.user_end, plan.user.physical_start - plan.user.virtual_start,
        plan.user.entry, FAULT_IS("no-tree") ? 0 : plan.tree_start, tree.size);
  panic("the kernel returned");
}
