// The kernel: looks at the machine, takes interrupts, starts the other CPUs and runs the user
// thread.

#include "boot.h"
#include "console.h"
#include "exception.h"
#include "kernel.h"
#include "platform.h"
#include "sysreg.h"
#include "tree.h"
#include "variant.h"

const char program_name[] = "bootrig kernel";

static void handle_synchronous(struct context* context) {
  const bool from_user = context->kind >> 2 == kLower64;
  if (from_user && exception_class(context) == kSvcClass) {
    user_call(context);
    return;
  }
  if (from_user) user_leave();
  dump(from_user ? "USER FAULT" : "EXCEPTION", context);
  halt();
}

void handle_exception(struct context* context) {
  if ((context->kind & 3) == kIrq) {
    timer_interrupt();
  } else if ((context->kind & 3) == kSynchronous) {
    handle_synchronous(context);
  } else {
    dump("EXCEPTION", context);
    halt();
  }
}

// Exceptions from EL0 and interrupts are taken to the level the kernel runs at.
static void take_exceptions(void) {
  enum { kFmo = 1 << 3, kImo = 1 << 4, kAmo = 1 << 5, kTge = 1 << 27 };
  const uint64_t aarch64 = 1ul << 31;
  install_vectors();
  if (current_level() == 2) write_sysreg(hcr_el2, aarch64 | kTge | kAmo | kImo | kFmo);
  isb();
}

// Each region as the device tree has it, and its last word as memory has it.
static void check_memory(const struct machine* machine) {
  for (unsigned i = 0; i < machine->memory_count; ++i) {
    const uint64_t start = machine->memory[i].start, size = machine->memory[i].size;
    say("memory 0x%016lx..0x%016lx, %lu MiB", start, start + size, size / MIB);
    const uint64_t last = FAULT_IS("beyond-memory") ? start + size : start + size - 8;
    volatile uint64_t* word = (volatile uint64_t*)last;
    *word = 0x626f6f7472696721ul;
    if (*word != 0x626f6f7472696721ul)
      panic("memory at 0x%016lx does not keep what is written", last);
  }
  say("the last word of memory keeps what is written");
}

// Until the PL011 has received one.
static void wait_for_byte(uintptr_t uart) {
  enum { kFlagRegister = 0x18, kReceiveFifoEmpty = 1 << 4 };
  while (read32(uart + kFlagRegister) & kReceiveFifoEmpty) {
  }
}

static void read_machine(uint64_t tree_start, uint64_t tree_size, struct machine* machine) {
  struct tree tree;
  const char* problem = tree_open(&tree, (const void*)virtual_of(tree_start), tree_size);
  if (problem != NULL) panic("device tree at 0x%016lx: %s", tree_start, problem);
  machine_read(machine, &tree);
}

_Noreturn void kernel_main(uint64_t user_first, uint64_t user_end, uint64_t offset,
                           uint64_t user_entry, uint64_t tree, uint64_t tree_size) {
  struct machine machine;
  const struct user user = {user_first, user_end, offset, user_entry};
  memory_open();
  take_exceptions();
  if (FAULT_IS("silent")) halt();
  console_open(virtual_of(UART_PHYSICAL));
  say("entered at EL%u", current_level());
  if (FAULT_IS("hypervisor")) write_sysreg(cnthctl_el2, 3);
  if (FAULT_IS("empty-esr")) __asm__ volatile("brk #0");
  if (FAULT_IS("poll")) wait_for_byte(virtual_of(UART_PHYSICAL));
  read_machine(tree, tree_size, &machine);
  check_memory(&machine);
  gic_start();
  timer_check(10);
  psci_open(machine.conduit);
  cpus_start(&machine);
  user_start(&user);
}
